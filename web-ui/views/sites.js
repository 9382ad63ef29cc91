// Who asked: what each site made the agent keep, and how well it is known that it was this site.

import { call } from '../lib/api.js';
import { attribute, button, el, fill, say } from '../lib/dom.js';
import { bytes, number, plural } from '../lib/format.js';
import { state } from '../lib/state.js';
import { purgeSite } from '../lib/undo.js';
import { EVIDENCE } from '../lib/words.js';
import { empty, evidence, loading, nameCell, section, siteName, trouble } from '../parts/pieces.js';
import { table } from '../parts/table.js';

/** How often the answer is read, in seconds; nothing here is told by events. */
const PACE = 5;

export const title = 'Sites';

const keyOfSite = (row) => `${row.evidence} ${row.site}`;

export function view(main, { every, cleanup }) {
  const leaving = new Set();
  let rows = null;
  const summary = el(
    'p.summary',
    null,
    'A site is booked for every stream it opens. What it asked for stays shared: the room is divided among all who asked for it.',
  );
  const place = el('div', null, loading(6, 'Loading sites'));
  const [about, aboutPlace] = section('How it is known who asked');
  aboutPlace.append(
    el(
      'dl.evidence',
      null,
      Object.keys(EVIDENCE).map((word) =>
        el('div', null, el('dt', null, evidence(word)), el('dd', null, EVIDENCE[word][1])),
      ),
    ),
  );
  main.append(summary, place, about);

  const list = table({ label: 'Sites', columns: columns(purge), key: keyOfSite, sorted: { key: 'disk', down: true } });
  cleanup(list.close);
  const nothing = empty(
    'sites',
    'No site has asked for anything yet',
    'Every stream is booked to the page that opened it. Pages appear here with their first file.',
  );

  function purge(row) {
    const hide = (gone) => () => {
      if (gone) leaving.add(keyOfSite(row));
      else leaving.delete(keyOfSite(row));
      draw();
      if (!gone) read();
    };
    purgeSite(row.site, hide(true), hide(false));
  }

  function draw() {
    if (!rows) return;
    const seen = rows.filter((row) => !leaving.has(keyOfSite(row)));
    const wanted = seen.length ? list.element : nothing;
    if (place.firstChild !== wanted) fill(place, wanted);
    list.update(seen);
  }

  async function read() {
    try {
      rows = (await call('GET', '/usage?by=site')).rows;
      draw();
    } catch (error) {
      // what was read before is better than nothing; the notice of the connection says the rest
      if (!rows) fill(place, trouble(error, read));
    }
  }
  read();
  every(PACE, () => !document.hidden && state.connection === 'live' && read());
}

function columns(purge) {
  return [
    {
      key: 'site',
      title: 'Site',
      sort: (row) => siteName(row.site),
      make: (cell) => {
        const update = nameCell(cell, {
          name: (row) => siteName(row.site),
          href: () => null,
          below: (row) =>
            `${bytes(row.disk)} on disk, ${bytes(row.only)} only for it · ${(EVIDENCE[row.evidence] ?? EVIDENCE.unknown)[0]}`,
        });
        return update;
      },
    },
    {
      key: 'evidence',
      title: 'Known by',
      width: '8rem',
      rank: 2,
      sort: (row) => Object.keys(EVIDENCE).indexOf(row.evidence),
      make: evidenceCell,
    },
    {
      key: 'items',
      title: 'Items',
      width: '5.5rem',
      rank: 3,
      numeric: true,
      sort: (row) => row.items,
      text: (row) => number(row.items),
    },
    {
      key: 'disk',
      title: 'Its share on disk',
      width: '9.5rem',
      rank: 2,
      numeric: true,
      sort: (row) => row.disk,
      text: (row) => bytes(row.disk),
    },
    {
      key: 'only',
      title: 'Only for it',
      width: '7.5rem',
      rank: 2,
      numeric: true,
      sort: (row) => row.only,
      text: (row) => bytes(row.only),
    },
    {
      key: 'served',
      title: 'Served',
      width: '7rem',
      rank: 3,
      numeric: true,
      sort: (row) => row.served,
      text: (row) => bytes(row.served),
    },
    { key: 'acts', title: 'Actions', hidden: true, width: '3.5rem', make: (cell) => purgeCell(cell, purge) },
  ];
}

function evidenceCell(cell) {
  let last = null;
  return (row) => {
    if (last !== row.evidence) fill(cell, evidence(row.evidence));
    last = row.evidence;
  };
}

function purgeCell(cell, purge) {
  let row = null;
  const node = button('Remove', { symbol: 'trash', bare: true, kind: 'plain', onclick: () => purge(row) });
  const words = node.querySelector('.unseen');
  cell.classList.add('acts');
  cell.append(node);
  return (now) => {
    row = now;
    // nobody's name cannot be named in a call, and purging what is anybody's would surprise
    node.disabled = !row.site || !row.only;
    say(words, `Remove what only ${siteName(row.site)} asked for`);
    attribute(
      node,
      'title',
      !row.site
        ? 'What nobody is known to have asked for is removed item by item'
        : row.only
          ? `Remove what only this site asked for: ${plural(row.items, 'item')} at most, ${bytes(row.only)}`
          : 'Others asked for all of it too',
    );
  };
}
