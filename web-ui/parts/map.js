// The map of the disk: networks, and in them items, each as large as the room it takes. One tab stop;
// the arrow keys go to the tile that lies there.

import { attribute, el, say, show, variable } from '../lib/dom.js';
import { ago, bytes, percent, plural } from '../lib/format.js';
import { itemHref, itemName, keyOf, protocolName } from '../lib/names.js';
import { squarify } from '../lib/squarify.js';
import { keptLabel } from '../lib/words.js';

/** Tiles at most: more are neither seen nor found. */
const MOST_TILES = 300;

/** The smallest tile in square pixels; what is smaller is counted together. */
const SMALLEST = 600;

/** Height of a network's label in pixels. */
const LABEL = 24;

/** By how much a tile may be wrong before everything moves: a map that trembles cannot be read. */
const TOLERANCE = 0.08;

/** A map; `restHref(protocol)` is where the tile of what is too small leads. */
export function diskMap({ label, restHref }) {
  const board = el('div.map', { role: 'group', 'aria-label': label });
  const told = el('p.map-told', { 'aria-hidden': 'true' });
  const element = el('div.map-box', null, board, told);
  const tiles = new Map();
  let items = [];
  let laidOut = null;

  const groups = new Map();
  function group(protocol) {
    if (!groups.has(protocol)) {
      const node = el('div.map-group', { 'aria-hidden': 'true' }, el('b'), el('span'));
      groups.set(protocol, node);
      // labels come first, so that what follows them are the tiles in their order
      board.prepend(node);
    }
    return groups.get(protocol);
  }

  function update(list) {
    items = list.filter((item) => item.disk > 0);
    const box = { width: board.clientWidth, height: board.clientHeight };
    if (!box.width) return;
    const sum = items.reduce((total, item) => total + item.disk, 0);
    if (laidOut?.is(items, box, sum)) {
      for (const tile of tiles.values()) tile.tell(sum);
    } else {
      lay(box, sum);
    }
    describe();
  }

  function lay(box, sum) {
    const wanted = arrange(items, box, sum);
    laidOut = memory(wanted, items, box, sum);
    const kept = new Set();
    for (const node of groups.values()) show(node, false);
    for (const part of wanted) {
      const node = group(part.protocol);
      show(node, part.labelled);
      place(node, { ...part.box, height: LABEL });
      say(node.firstChild, protocolName(part.protocol));
      say(node.lastChild, `${bytes(part.disk)} · ${percent(part.disk, sum)}`);
      for (const spot of part.spots) {
        const tile = tiles.get(spot.key) ?? tiles.set(spot.key, makeTile(spot.key)).get(spot.key);
        tile.set(spot, sum);
        kept.add(spot.key);
      }
    }
    for (const [key, tile] of tiles) {
      if (kept.has(key)) continue;
      tile.node.remove();
      tiles.delete(key);
    }
    // read in the order in which they lie: largest first in each network
    const order = wanted.flatMap((part) => part.spots.map((spot) => tiles.get(spot.key).node));
    const focused = document.activeElement;
    order.forEach((node, index) => {
      if (board.children[groups.size + index] !== node)
        board.insertBefore(node, board.children[groups.size + index] ?? null);
    });
    if (order.includes(focused)) focused.focus({ preventScroll: true });
    rove(order.find((node) => node.tabIndex === 0) ?? order[0]);
  }

  function makeTile(key) {
    const name = el('bdi.tile-name');
    const size = el('span.tile-size');
    // what the tile has no room for is still its name
    const more = el('span.unseen');
    const node = el('a.tile', { tabindex: '-1' }, name, ' ', size, more);
    const tile = { node, spot: null };
    tile.set = (spot, sum) => {
      tile.spot = spot;
      place(node, spot.box);
      attribute(
        node,
        'data-room',
        spot.box.width < 64 || spot.box.height < 24 ? 'none' : spot.box.height < 44 ? 'name' : 'both',
      );
      tile.tell(sum);
    };
    tile.tell = (sum) => {
      const { item, rest } = tile.spot;
      const current = item && items.byKey?.get(key) ? items.byKey.get(key) : item;
      if (current) tile.spot.item = current;
      attribute(node, 'href', current ? itemHref(current) : restHref(rest.protocol));
      attribute(node, 'data-kept', current ? (current.pinned ? 'pinned' : current.kept) : 'rest');
      say(name, current ? itemName(current) : `${plural(rest.count, 'smaller item')}`);
      const disk = current ? current.disk : rest.disk;
      say(size, bytes(disk));
      if (current) variable(node, '--stay', stay(current, items.length));
      say(more, words(tile.spot, sum));
    };
    board.append(node);
    return tile;
  }

  function words({ item, rest }, sum) {
    if (rest) return ` of ${protocolName(rest.protocol)}`;
    return ` of ${protocolName(item.protocol)}, ${percent(item.disk, sum)} of all, ${keptLabel(item)}`;
  }

  // the line below says what a tile is too small to say
  let pointed = null;
  function describe() {
    const tile = [...tiles.values()].find(({ node }) => node === pointed);
    if (!tile) return say(told, items.length ? 'Point at a tile, or walk with the arrow keys.' : '');
    const { item, rest } = tile.spot;
    if (rest) return say(told, `${plural(rest.count, 'smaller item')} · ${bytes(rest.disk)}`);
    return say(told, `${itemName(item)} · ${bytes(item.disk)} · ${keptLabel(item)} · used ${ago(item.last_access)}`);
  }
  const point = (event) => {
    pointed = event.target.closest?.('.tile') ?? null;
    describe();
  };
  board.addEventListener('pointerover', point);
  board.addEventListener('pointerleave', () => {
    pointed = null;
    describe();
  });
  board.addEventListener('focusin', (event) => {
    rove(event.target);
    point(event);
  });

  function rove(node) {
    for (const tile of tiles.values()) tile.node.tabIndex = tile.node === node ? 0 : -1;
  }

  board.addEventListener('keydown', (event) => {
    const here = event.target.closest('.tile');
    const to = here && neighbour([...tiles.values()], here, event.key);
    if (!to) return;
    event.preventDefault();
    to.focus();
  });

  const watcher = new ResizeObserver(() => update(items));
  watcher.observe(board);
  return { element, update, close: () => watcher.disconnect() };
}

/** How long an item will stay, from 0 to 1: what goes first is pale. */
function stay(item, count) {
  if (item.pinned || item.kept === 'in use' || !item.queue) return 1;
  return Math.round((10 * Math.min(item.queue, count)) / Math.max(count, 1)) / 10;
}

function place(node, { x, y, width, height }) {
  variable(node, '--x', `${x.toFixed(1)}px`);
  variable(node, '--y', `${y.toFixed(1)}px`);
  variable(node, '--w', `${width.toFixed(1)}px`);
  variable(node, '--h', `${height.toFixed(1)}px`);
}

/** Where everything goes: per network its box, and the places of its tiles. */
function arrange(items, box, sum) {
  const parts = new Map();
  for (const item of items) {
    const part =
      parts.get(item.protocol) ??
      parts.set(item.protocol, { protocol: item.protocol, disk: 0, items: [] }).get(item.protocol);
    part.disk += item.disk;
    part.items.push(item);
  }
  const list = [...parts.values()].sort((one, other) => other.disk - one.disk);
  const boxes = squarify(
    list.map((part) => part.disk),
    { x: 0, y: 0, ...box },
  );
  const perPixel = sum / (box.width * box.height || 1);
  return list.map((part, index) => {
    const outer = boxes[index];
    const labelled = outer.width > 120 && outer.height > 2 * LABEL;
    const inner = labelled ? { ...outer, y: outer.y + LABEL, height: outer.height - LABEL } : outer;
    part.items.sort((one, other) => other.disk - one.disk);
    const most = Math.max(1, Math.round((MOST_TILES * part.disk) / sum));
    const large = part.items.filter((item, rank) => rank < most && (rank === 0 || item.disk / perPixel >= SMALLEST));
    const small = part.items.slice(large.length);
    const weights = large.map((item) => item.disk);
    const spots = large.map((item) => ({ key: keyOf(item), item }));
    if (small.length) {
      const disk = small.reduce((total, item) => total + item.disk, 0);
      weights.push(disk);
      spots.push({ key: `rest of ${part.protocol}`, rest: { protocol: part.protocol, count: small.length, disk } });
    }
    // the rest may weigh more than the smallest tile: the order of squarify is by weight
    const order = weights.map((_, at) => at).sort((one, other) => weights[other] - weights[one]);
    const places = squarify(
      order.map((at) => weights[at]),
      inner,
    );
    order.forEach((at, rank) => {
      spots[at].box = places[rank];
    });
    return { protocol: part.protocol, disk: part.disk, box: outer, labelled, spots: order.map((at) => spots[at]) };
  });
}

/** Remembers a layout, to tell whether it is still true enough. */
function memory(parts, items, box, sum) {
  const disks = new Map(items.map((item) => [keyOf(item), item.disk]));
  return {
    is(list, now, total) {
      list.byKey = new Map(list.map((item) => [keyOf(item), item]));
      if (now.width !== box.width || now.height !== box.height || list.length !== disks.size) return false;
      if (Math.abs(total - sum) > sum * TOLERANCE) return false;
      return list.every((item) => {
        const then = disks.get(keyOf(item));
        // what is small may double without being seen
        return then !== undefined && Math.abs(item.disk - then) <= Math.max(then, sum / 50) * TOLERANCE;
      });
    },
  };
}

/** The tile an arrow key leads to: the nearest in that direction, those straight ahead first. */
function neighbour(tiles, here, key) {
  const sorted = tiles.map(({ node }) => node);
  if (key === 'Home') return sorted[0];
  if (key === 'End') return sorted.at(-1);
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key] ?? [0, 0];
  if (!dx && !dy) return null;
  const middle = (node) => {
    const { x, y, width, height } = node.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  };
  const [x, y] = middle(here);
  let best = null;
  let nearest = Infinity;
  for (const node of sorted) {
    if (node === here) continue;
    const [ox, oy] = middle(node);
    const ahead = (ox - x) * dx + (oy - y) * dy;
    const aside = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
    if (ahead <= 1 || ahead + 2 * aside >= nearest) continue;
    nearest = ahead + 2 * aside;
    best = node;
  }
  return best;
}
