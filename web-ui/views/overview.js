// The first look: how full, with what, who reads, what went.

import { el, fill, say } from '../lib/dom.js';
import { readOnce } from '../lib/feed.js';
import { bytes, duration, number, percent, plural, speed } from '../lib/format.js';
import { protocolName } from '../lib/names.js';
import { itemList, state } from '../lib/state.js';
import { diskMap } from '../parts/map.js';
import { meter } from '../parts/meter.js';
import { copyButton, empty, loading, section, trouble } from '../parts/pieces.js';
import { spark, totalSpeed } from '../parts/spark.js';
import { collectionRows } from './collections.js';
import { streamRows } from './streams.js';

/** Rows of lists that are shown in full elsewhere. */
const FEW = 6;

export const title = 'Overview';

export function view(main, { on, every, cleanup }) {
  const [gauge, setGauge] = meter();
  const [line, drawLine] = spark();
  const used = figure('Used');
  const limit = figure('Limit');
  const free = figure('Free on the disk');
  const flow = figure('Streaming now');
  flow.element.append(line);
  const networks = el('ul.networks', { 'aria-label': 'Networks' });
  const disk = el(
    'section.disk.card',
    { 'aria-label': 'Disk' },
    el('dl.figures', null, used.element, limit.element, free.element, flow.element),
    gauge,
  );

  const map = diskMap({ label: 'Map of the disk', restHref: (protocol) => `#/items?network=${protocol}` });
  cleanup(map.close);
  const legend = el(
    'ul.legend',
    { 'aria-label': 'Colours of the map' },
    [
      ['pinned', 'Pinned'],
      ['in use', 'In use'],
      ['stays', 'Used recently'],
      ['goes', 'Goes first'],
    ].map(([kept, label]) =>
      el('li', null, el('i', { 'data-kept': kept, 'aria-hidden': 'true' }), el('span', null, label)),
    ),
  );
  const [mapSection, mapPlace] = section('What is on the disk', {
    aside: el('a.more', { href: '#/items' }, 'All as a table'),
  });
  const [streamSection, streamPlace] = section('Streams now', {
    aside: el('a.more', { href: '#/streams' }, 'All streams'),
  });
  const [goneSection, gonePlace] = section('What went, and why', {
    aside: el('a.more', { href: '#/collections' }, 'All collections'),
  });
  main.append(disk, networks, mapSection, el('div.columns', null, streamSection, goneSection));

  const streams = streamRows({ most: FEW });
  const gone = collectionRows({ most: FEW });
  const welcome = firstSteps();
  const mapBox = el('div', null, map.element, legend);
  mapPlace.append(loading(1, 'Loading items', 'map-bones'));
  streamPlace.append(loading(3, 'Loading streams'));
  gonePlace.append(loading(3, 'Loading collections'));

  function showStatus() {
    const { status } = state;
    if (!status) return;
    const { disk: now } = status;
    setGauge(now);
    used.set(bytes(now.used), percent(now.used, now.limit) + ' of the limit');
    limit.set(bytes(now.limit), `${bytes(Math.max(0, now.limit - now.used))} of it left`);
    free.set(bytes(now.free), `${bytes(now.keep_free)} stay free`);
    fill(
      networks,
      (status.networks ?? []).map(({ protocol, enabled, peers }) =>
        el(
          'li',
          { 'data-on': enabled ? 'yes' : 'no' },
          el('b', null, protocolName(protocol)),
          enabled ? plural(peers, 'peer') : 'switched off',
        ),
      ),
      el('li', null, el('b', null, 'Agent'), `${status.version}, up ${duration(status.uptime_seconds)}`),
      now.counted === false
        ? el('li', null, el('b', null, 'Counting'), 'what is on the disk; nothing is written yet')
        : null,
    );
  }

  function showItems() {
    if (!state.items) return;
    const items = itemList();
    const child = items.length ? mapBox : welcome.element;
    if (mapPlace.firstChild !== child) fill(mapPlace, child);
    if (items.length) map.update(items);
    else welcome.update();
  }

  function showStreams() {
    if (!state.streams) return;
    const count = state.streams.length;
    flow.set(count ? speed(totalSpeed()) : 'Nothing', count ? plural(count, 'stream') : 'no open streams');
    drawLine();
    if (count) {
      if (streamPlace.firstChild !== streams.element) fill(streamPlace, streams.element);
      streams.update(state.streams);
    } else if (!streamPlace.querySelector('.quiet')) {
      fill(streamPlace, el('p.quiet', null, 'Nobody reads anything at the moment.'));
    }
  }

  function showGone() {
    if (!state.collections) {
      if (state.missing.collections) fill(gonePlace, trouble(state.missing.collections, readOnce));
      return;
    }
    if (state.collections.length) {
      if (gonePlace.firstChild !== gone.element) fill(gonePlace, gone.element);
      gone.update(state.collections);
    } else if (!gonePlace.querySelector('.quiet')) {
      fill(
        gonePlace,
        el(
          'p.quiet',
          null,
          'Nothing had to go so far. When the limit is near, what was not used for longest goes first.',
        ),
      );
    }
  }

  on('status', showStatus, showItems);
  on('items', showItems);
  on('streams', showStreams);
  on('collections', showGone);
  every(30, showGone);
}

/** A figure with its name and a line that puts it in proportion. */
function figure(name) {
  const value = el('dd.figure', null, '–');
  const note = el('dd.note', null, '\u00a0');
  return {
    element: el('div', null, el('dt', null, name), value, note),
    set(text, about) {
      say(value, text);
      say(note, about);
    },
  };
}

/** What somebody sees who has never used it. */
function firstSteps() {
  const code = el('code');
  const example = () =>
    `<video controls src="${state.status?.content ?? ''}/bittorrent/v0/stream/<infohash>/film.mp4"></video>`;
  const element = empty(
    'inbox',
    'Nothing on the disk yet',
    'Paste an infohash, a magnet link or a CID into the box above, drop a .torrent file on this window, or embed a file in a page:',
    el('span.snippet', null, code, copyButton('Copy', example, { bare: true })),
  );
  return { element, update: () => say(code, example()) };
}
