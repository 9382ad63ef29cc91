// Everything on the disk as a map and as a table, with a search over both.

import { attribute, button, el, fill, say, variable } from '../lib/dom.js';
import { ago, bytes, date, number, percent, plural } from '../lib/format.js';
import { itemName, keyOf, protocolName } from '../lib/names.js';
import { route, setQuery } from '../lib/router.js';
import { itemList, state } from '../lib/state.js';
import { announce } from '../lib/tell.js';
import { removeItem } from '../lib/undo.js';
import { keptLabel, whyKept } from '../lib/words.js';
import { diskMap } from '../parts/map.js';
import { empty, loading, nameCell, pinButton } from '../parts/pieces.js';
import { table } from '../parts/table.js';

export const title = 'Items';

export function view(main, { on, every, cleanup, query }) {
  const search = el('input', {
    type: 'search',
    id: 'search',
    placeholder: 'Name or id',
    autocomplete: 'off',
    spellcheck: 'false',
    value: query.get('q') ?? '',
  });
  const network = choice(
    'network',
    'Network',
    [
      ['', 'All networks'],
      ['bittorrent', 'BitTorrent'],
      ['ipfs', 'IPFS'],
    ],
    query.get('network'),
  );
  const kept = choice(
    'kept',
    'Kept because',
    [
      ['', 'Whatever the reason'],
      ['pinned', 'Pinned'],
      ['in use', 'In use'],
      ['recent', 'Recent'],
    ],
    query.get('kept'),
  );
  const asTable = button('Table', { symbol: 'table', kind: 'segment', onclick: () => turn('table') });
  const asMap = button('Map', { symbol: 'map', kind: 'segment', onclick: () => turn('map') });
  const summary = el('p.summary', null, '\u00a0');
  const place = el('div', null, loading(10, 'Loading items'));
  main.append(
    el(
      'div.tools',
      { role: 'search' },
      el('div.field', null, el('label.unseen', { for: 'search' }, 'Search'), search),
      network.element,
      kept.element,
      el('div.segments', { role: 'group', 'aria-label': 'Show as' }, asTable, asMap),
    ),
    summary,
    place,
  );

  const [field = 'disk', direction = 'down'] = (query.get('sort') ?? '').split(' ').filter(Boolean);
  const list = table({
    label: 'Items',
    columns: columns(),
    key: keyOf,
    sorted: { key: field, down: direction === 'down' },
    onSort: (order) => setQuery({ sort: `${order.key} ${order.down ? 'down' : 'up'}` }),
  });
  const map = diskMap({ label: 'Map of the items', restHref: (protocol) => `#/items?network=${protocol}` });
  cleanup(list.close);
  cleanup(map.close);
  const nothing = empty(
    'inbox',
    'Nothing on the disk yet',
    'Paste an infohash, a magnet link or a CID into the box above, or drop a .torrent file on this window.',
  );
  const unfound = empty(
    'search',
    'Nothing matches',
    'No item has these letters in its name or id.',
    button('Show everything', {
      kind: 'plain',
      onclick: () => {
        search.value = '';
        network.select.value = '';
        kept.select.value = '';
        sift();
        search.focus();
      },
    }),
  );

  let form = query.get('as') === 'map' ? 'map' : 'table';
  function turn(wanted) {
    form = wanted;
    setQuery({ as: form === 'map' ? 'map' : '' });
    draw(true);
  }

  function sift() {
    setQuery({ q: search.value.trim(), network: network.select.value, kept: kept.select.value });
    draw(true);
    // said once when typing rests, not whenever something comes or goes by itself
    clearTimeout(saying);
    saying = setTimeout(() => announce(summary.textContent), 700);
  }
  let saying = 0;
  search.addEventListener('input', sift);
  network.select.addEventListener('change', sift);
  kept.select.addEventListener('change', sift);
  // a link of the map leads here with another query
  on('route', () => {
    const now = route().query;
    search.value = now.get('q') ?? '';
    network.select.value = now.get('network') ?? '';
    kept.select.value = now.get('kept') ?? '';
    form = now.get('as') === 'map' ? 'map' : 'table';
    draw(true);
  });

  function draw(force = false) {
    if (!state.items) return;
    attribute(asTable, 'aria-pressed', String(form === 'table'));
    attribute(asMap, 'aria-pressed', String(form === 'map'));
    const all = itemList();
    const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((item) => matches(item, words, network.select.value, kept.select.value));
    const shownAs = form === 'map' ? map.element : list.element;
    const wanted = found.length ? shownAs : all.length ? unfound : nothing;
    if (place.firstChild !== wanted) fill(place, wanted);
    if (wanted === list.element) list.update(found, { force });
    if (wanted === map.element) map.update(found);
    const disk = found.reduce((sum, item) => sum + item.disk, 0);
    say(
      summary,
      !all.length
        ? '\u00a0'
        : found.length < all.length
          ? `${number(found.length)} of ${plural(all.length, 'item')}, ${bytes(disk)}`
          : `${plural(all.length, 'item')}${state.count > all.length + state.leaving.size ? ` of ${number(state.count)}` : ''}, ${bytes(disk)}`,
    );
  }
  on('items', () => draw());
  // "just now" does not stay true
  every(15, () => draw());
}

function matches(item, words, network, kept) {
  if (network && item.protocol !== network) return false;
  if (kept && (item.pinned ? 'pinned' : item.kept) !== kept) return false;
  if (!words.length) return true;
  // only as much of a name as is shown can be searched: the rest of ten kilobytes is nobody's name
  const text = `${(item.name ?? '').slice(0, 500)} ${item.id} ${item.protocol}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function columns() {
  return [
    {
      key: 'name',
      title: 'Name',
      sort: itemName,
      make: (cell) =>
        nameCell(cell, {
          below: (item) => `${protocolName(item.protocol)} · ${bytes(item.disk)} · ${keptLabel(item)}`,
        }),
    },
    {
      key: 'protocol',
      title: 'Network',
      width: '7.5rem',
      rank: 3,
      sort: (item) => item.protocol,
      text: (item) => protocolName(item.protocol),
    },
    {
      key: 'disk',
      title: 'On disk',
      width: '7rem',
      numeric: true,
      rank: 2,
      sort: (item) => item.disk,
      text: (item) => bytes(item.disk),
    },
    {
      key: 'part',
      title: 'Of its length',
      width: '9.5rem',
      rank: 3,
      sort: (item) => item.disk / (item.length || Infinity),
      make: partCell,
    },
    {
      key: 'kept',
      title: 'Kept',
      width: '8rem',
      rank: 2,
      sort: (item) => item.queue ?? (item.pinned ? 3e9 : 2e9),
      make: keptCell,
    },
    {
      key: 'served',
      title: 'Served',
      width: '7rem',
      numeric: true,
      rank: 3,
      sort: (item) => item.served,
      text: (item) => bytes(item.served),
    },
    {
      key: 'used',
      title: 'Last used',
      width: '8rem',
      numeric: true,
      rank: 2,
      sort: (item) => item.last_access,
      make: usedCell,
    },
    { key: 'acts', title: 'Actions', hidden: true, width: 'var(--acts)', make: actsCell },
  ];
}

function partCell(cell) {
  const bar = el('span.progress', { 'aria-hidden': 'true' }, el('span'));
  const words = el('span.progress-words');
  cell.append(el('span.progress-box', null, bar, words));
  return (item) => {
    variable(bar, '--part', item.length ? Math.min(1, item.disk / item.length).toFixed(4) : '0');
    say(words, item.length ? percent(Math.min(item.disk, item.length), item.length) : '–');
    attribute(
      cell,
      'title',
      item.length ? `${bytes(item.disk)} of ${bytes(item.length)}` : 'Its length is not known yet',
    );
  };
}

function keptCell(cell) {
  const badge = el('span.badge');
  cell.append(badge);
  return (item) => {
    say(badge, keptLabel(item));
    attribute(badge, 'data-kept', item.pinned ? 'pinned' : item.kept);
    attribute(badge, 'title', whyKept(item, state.count));
  };
}

function usedCell(cell) {
  return (item) => {
    say(cell, ago(item.last_access));
    attribute(cell, 'title', date(item.last_access));
  };
}

function actsCell(cell) {
  let item = null;
  const [pin, setPin] = pinButton(() => item);
  const gone = button('Remove', { symbol: 'trash', bare: true, kind: 'plain', onclick: () => removeItem(item) });
  const words = gone.querySelector('.unseen');
  cell.classList.add('acts');
  cell.append(pin, gone);
  return (now) => {
    item = now;
    setPin(item);
    gone.disabled = Boolean(item.pinned);
    say(words, `Remove ${itemName(item)}`);
    attribute(gone, 'title', item.pinned ? 'Pinned: unpin it to remove it' : 'Remove');
  };
}

function choice(id, label, options, value) {
  const select = el(
    'select',
    { id },
    options.map(([word, text]) => el('option', { value: word }, text)),
  );
  select.value = value ?? '';
  return { element: el('div.field', null, el('label.unseen', { for: id }, label), select), select };
}
