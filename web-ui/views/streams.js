// Streams that are open: what is read, by whom, how fast, and what it waits for.

import { attribute, el, fill, say, variable } from '../lib/dom.js';
import { bytes, date, duration, number, percent, plural, speed } from '../lib/format.js';
import { itemHref, itemName, keyOf, shortId, shown } from '../lib/names.js';
import { state } from '../lib/state.js';
import { WAITS } from '../lib/words.js';
import { empty, evidence, loading, nameCell, siteName } from '../parts/pieces.js';
import { totalSpeed } from '../parts/spark.js';
import { table } from '../parts/table.js';

export const title = 'Streams';

/** The stream's file, else what was asked for, else its item. */
function streamName(stream) {
  const item = state.items?.get(keyOf(stream));
  return shown(stream.name || stream.path).trim() || (item ? itemName(item) : shortId(stream.id));
}

/** The word for what a stream does or waits for. */
function doing(stream) {
  if (stream.waits_for) return WAITS[stream.waits_for] ?? [stream.waits_for, ''];
  return ['Flowing', 'Bytes go to the player as they come.'];
}

/** A badge; gives [element, update(stream)]. */
function waitBadge() {
  const element = el('span.badge');
  return [
    element,
    (stream) => {
      const [label, about] = doing(stream);
      say(element, label);
      attribute(element, 'title', about);
      attribute(element, 'data-wait', stream.waits_for ?? 'none');
    },
  ];
}

/** Where in the file the stream is; gives [element, update(stream)]. */
function progress() {
  const bar = el('span.progress', { 'aria-hidden': 'true' }, el('span'));
  const words = el('span.progress-words');
  return [
    el('span.progress-box', null, bar, words),
    (stream) => {
      const part = stream.length ? stream.position / stream.length : 0;
      variable(bar, '--part', Math.min(1, part).toFixed(4));
      say(words, stream.length ? percent(stream.position, stream.length) : bytes(stream.served));
    },
  ];
}

/** A short list of streams, updated in place. */
export function streamRows({ most }) {
  const element = el('ul.rows');
  const rows = new Map();
  function make() {
    const letters = el('bdi');
    const link = el('a.name', null, letters);
    const sub = el('span.sub');
    const [badge, setBadge] = waitBadge();
    const [bar, setBar] = progress();
    const pace = el('span.row-end.pace');
    const node = el('li.row', null, el('span.row-main', null, link, sub), badge, bar, pace);
    return {
      node,
      update(stream) {
        say(letters, streamName(stream));
        attribute(link, 'href', itemHref(stream));
        attribute(link, 'title', streamName(stream));
        say(sub, stream.site ? `for ${siteName(stream.site)}` : 'nobody said for whom');
        say(pace, speed(stream.speed));
        setBadge(stream);
        setBar(stream);
      },
    };
  }
  return {
    element,
    update(streams) {
      // the oldest stay where they are: a list that is sorted by speed would never hold still
      const wanted = streams.slice(0, most);
      const keys = new Set(wanted.map((stream) => stream.number));
      for (const [key, row] of rows) {
        if (keys.has(key)) continue;
        row.node.remove();
        rows.delete(key);
      }
      for (const stream of wanted) {
        if (!rows.has(stream.number)) {
          const row = make();
          rows.set(stream.number, row);
          element.append(row.node);
        }
        rows.get(stream.number).update(stream);
      }
    },
  };
}

export function view(main, { on, cleanup }) {
  const summary = el('p.summary', null, '\u00a0');
  const place = el('div', null, loading(8, 'Loading streams'));
  main.append(summary, place);
  const columns = [
    {
      key: 'name',
      title: 'Stream',
      sort: streamName,
      make: (cell) =>
        nameCell(cell, {
          name: streamName,
          below: (stream) => `${speed(stream.speed)} · ${doing(stream)[0]} · ${siteName(stream.site)}`,
        }),
    },
    {
      key: 'speed',
      title: 'Speed',
      width: '7.5rem',
      numeric: true,
      rank: 2,
      sort: (row) => row.speed,
      text: (row) => speed(row.speed),
    },
    {
      key: 'waits',
      title: 'State',
      width: '9.5rem',
      rank: 2,
      sort: (row) => row.waits_for ?? '',
      make: (cell) => place2(cell, waitBadge()),
    },
    {
      key: 'position',
      title: 'Position',
      width: 'clamp(4.75rem, 12vw, 10rem)',
      sort: (row) => row.position / (row.length || 1),
      make: (cell) => place2(cell, progress()),
    },
    {
      key: 'peers',
      title: 'Peers',
      width: '5.5rem',
      numeric: true,
      rank: 2,
      sort: (row) => row.peers,
      text: (row) => number(row.peers),
    },
    {
      key: 'served',
      title: 'Sent',
      width: '6.5rem',
      numeric: true,
      rank: 3,
      sort: (row) => row.served,
      text: (row) => bytes(row.served),
    },
    { key: 'site', title: 'Site', width: '14rem', rank: 3, sort: (row) => row.site, make: siteCell },
    {
      key: 'since',
      title: 'Open for',
      width: '8rem',
      numeric: true,
      rank: 3,
      sort: (row) => -row.since,
      make: sinceCell,
    },
  ];
  const list = table({
    label: 'Streams',
    columns,
    key: (row) => String(row.number),
    sorted: { key: 'since', down: true },
  });
  cleanup(list.close);
  const nothing = empty(
    'streams',
    'Nobody reads anything at the moment',
    'Streams appear here as soon as a page or a player asks for a file.',
  );

  on('streams', () => {
    const { streams } = state;
    if (!streams) return;
    const wanted = streams.length ? list.element : nothing;
    if (place.firstChild !== wanted) fill(place, wanted);
    list.update(streams);
    const waiting = streams.filter((stream) => stream.waits_for && stream.waits_for !== 'client').length;
    say(
      summary,
      !streams.length
        ? '\u00a0'
        : `${plural(streams.length, 'stream')}, ${bytes(totalSpeed())}/s together, ${number(waiting)} waiting`,
    );
  });
}

function place2(cell, [element, update]) {
  cell.append(element);
  return update;
}

function siteCell(cell) {
  const name = el('bdi.clip');
  const how = el('span');
  cell.append(el('span.pair', null, name, how));
  let last = null;
  return (row) => {
    say(name, siteName(row.site));
    attribute(name, 'title', siteName(row.site));
    if (last !== row.evidence) fill(how, evidence(row.evidence));
    last = row.evidence;
  };
}

function sinceCell(cell) {
  return (row) => {
    say(cell, duration(Date.now() / 1000 - row.since));
    attribute(cell, 'title', date(row.since));
  };
}
