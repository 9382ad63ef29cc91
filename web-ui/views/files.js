// The files of an item, a directory at a time, with what can be done with each.

import { Problem, call, content, itemPath } from '../lib/api.js';
import { attribute, button, el, fill, say, show } from '../lib/dom.js';
import { bytes, duration, percent } from '../lib/format.js';
import { mediaKind, snippet } from '../lib/media.js';
import { itemHref, shown } from '../lib/names.js';
import { fileBar } from '../parts/filebar.js';
import { contentUrl, copyButton, empty, loading, trouble } from '../parts/pieces.js';
import { table } from '../parts/table.js';

/** Files of one directory that are listed at most: more are found through the content plane's own list. */
const MOST = 5000;

/** A list of files; `play(file)` plays one. */
export function fileList({ item, urls, play }) {
  const trail = el('nav.trail', { 'aria-label': 'Directory' });
  const place = el('div');
  const more = el('p.quiet', { hidden: true });
  const element = el('div.files', null, trail, place, more);
  const list = table({ label: 'Files', columns: columns(item, play), key: (file) => file.path, sorted: null });
  let path = '';
  let known = false;
  let asked = 0;
  let search = null;

  async function read() {
    const ticket = (asked += 1);
    const wanted = path;
    try {
      const { files, more: cut } = await readAll(wanted);
      if (ticket !== asked) return;
      known = true;
      draw(files, cut);
    } catch (error) {
      if (ticket !== asked || !(error instanceof Problem)) return;
      if (error.reason === 'unknown' || (error.status === 404 && !path)) {
        if (!search) offer();
      } else if (!known) {
        fill(place, trouble(error, read));
      }
    }
  }

  /** Reads a directory in parts. */
  async function readAll(at) {
    const all = [];
    for (;;) {
      const part = await call('GET', `${itemPath(item)}/files?path=${encodeURIComponent(at)}&offset=${all.length}`);
      all.push(...part.files);
      if (!part.more || !part.files.length) return { files: all, more: false };
      if (all.length >= MOST) return { files: all, more: true };
    }
  }

  function draw(files, cut) {
    search?.abort();
    search = null;
    drawTrail();
    if (!files.length) {
      fill(place, el('p.quiet', null, 'This directory is empty.'));
    } else {
      if (place.firstChild !== list.element) fill(place, list.element);
      list.update(files.map(checked));
    }
    show(more, cut);
    say(more, `Only the first ${files.length} files are listed.`);
  }

  /** The list is not known: it is looked for when somebody wants it. */
  function offer() {
    drawTrail();
    fill(
      place,
      empty(
        'search',
        'The list of files is not known yet',
        'It is asked of the network: of peers that have the same. Nothing else is fetched.',
        button('Find its files', { kind: 'primary', onclick: find }),
      ),
    );
  }

  /** Asks the content plane for the listing, which fetches what it needs; then the list is known. */
  async function find() {
    search?.abort();
    const mine = (search = new AbortController());
    const since = Date.now();
    const clock = el('span', null, duration(0));
    const ticking = setInterval(() => say(clock, duration((Date.now() - since) / 1000)), 1000);
    fill(
      place,
      el(
        'div.empty',
        { role: 'status' },
        el('div.waiting', { 'aria-hidden': 'true' }),
        el('h2', null, 'Looking for its files'),
        el('p', { 'aria-hidden': 'true' }, 'Asking the network for ', clock, '.'),
        el(
          'p.actions',
          null,
          button('Stop', {
            kind: 'plain',
            onclick: () => {
              mine.abort();
              search = null;
              offer();
            },
          }),
        ),
      ),
    );
    try {
      const listing = await content(urls().files, mine.signal);
      if (mine !== search) return;
      search = null;
      const before = asked;
      await read();
      // where the plane does not know it still, the listing itself is shown
      if (before + 1 === asked && !known && listing?.entries) draw(fromListing(listing), false);
    } catch (error) {
      if (error.name === 'AbortError' || mine !== search) return;
      search = null;
      fill(place, trouble(error, find, 'Its files were not found'));
    } finally {
      clearInterval(ticking);
    }
  }

  /** The way to this directory. */
  function drawTrail() {
    const steps = path.split('/').filter(Boolean);
    show(trail, steps.length > 0);
    fill(
      trail,
      el(
        'ol',
        null,
        el('li', null, el('a', { href: itemHref(item) }, 'Files')),
        steps.map((step, at) =>
          el(
            'li',
            null,
            at === steps.length - 1
              ? el('bdi', { 'aria-current': 'page' }, shown(step, 80))
              : el(
                  'a',
                  { href: itemHref(item, `${steps.slice(0, at + 1).join('/')}/`) },
                  el('bdi', null, shown(step, 80)),
                ),
          ),
        ),
      ),
    );
  }

  return {
    element,
    close: () => {
      list.close();
      search?.abort();
    },
    isWaiting: () => Boolean(search),
    focus: () => (place.querySelector('button, a') ?? document.getElementById('main')).focus(),
    refresh: () => {
      if (known && !search) read();
    },
    enter(wanted) {
      if (wanted === path) return;
      path = wanted;
      known = false;
      fill(place, loading(6, 'Loading files'));
      read();
    },
    start({ path: wanted, search: now }) {
      path = wanted;
      fill(place, loading(6, 'Loading files'));
      if (now) read().then(() => !known && !search && find());
      else read();
    },
  };
}

/** A file as it may be used: its address leads to the content plane or nowhere. */
function checked(file) {
  return { ...file, url: contentUrl(file.url) };
}

/** The entries of a listing of the content plane, in the form of the management plane. */
function fromListing({ path, entries }) {
  const base = String(path ?? '/').replace(/^\//, '');
  return entries.map((entry) => ({
    path: base + entry.name + (entry.type === 'directory' ? '/' : ''),
    name: entry.name,
    length: entry.length,
    url: entry.url,
    kind: entry.type === 'directory' ? 'dir' : 'file',
    held: null,
    bar: null,
  }));
}

/** What leads inside: directories and archives. */
const within = (file) => (file.path.endsWith('/') ? file.path : `${file.path}/`);

function columns(item, play) {
  return [
    { key: 'name', title: 'Name', sort: (file) => file.name, make: (cell) => nameOf(cell, item) },
    {
      key: 'length',
      title: 'Size',
      width: '6.5rem',
      rank: 2,
      numeric: true,
      sort: (file) => file.length ?? 0,
      text: (file) => bytes(file.length ?? NaN),
    },
    {
      key: 'held',
      title: 'On disk',
      width: 'clamp(9rem, 16vw, 22rem)',
      rank: 2,
      sort: (file) => (file.held ?? 0) / (file.length || 1),
      make: heldOf,
    },
    { key: 'acts', title: 'Actions', hidden: true, width: 'var(--file-acts)', make: (cell) => actsOf(cell, play) },
  ];
}

function nameOf(cell, item) {
  const letters = el('bdi');
  const link = el('a.name', { rel: 'noopener' }, letters);
  const inside = el('a.inside', null, 'open');
  const sub = el('span.sub');
  // where the column of the bar has no room
  const [bar, setBar] = fileBar();
  bar.classList.add('slim');
  cell.classList.add('wide');
  cell.append(el('span.line', null, link, inside), sub, bar);
  return (file) => {
    const name = shown(file.name);
    say(letters, file.kind === 'dir' ? `${name}/` : name);
    attribute(link, 'title', name);
    attribute(link, 'href', file.kind === 'dir' ? itemHref(item, within(file)) : file.url);
    attribute(link, 'target', file.kind === 'dir' ? null : '_blank');
    attribute(inside, 'href', file.kind === 'archive' ? itemHref(item, within(file)) : null);
    attribute(inside, 'aria-label', `Open the archive ${name}`);
    show(inside, file.kind === 'archive');
    const part = heldWords(file);
    show(bar, Boolean(file.bar));
    if (file.bar) setBar(file.bar, part);
    say(sub, file.kind === 'dir' ? 'Directory' : [bytes(file.length ?? NaN), part].filter(Boolean).join(' · '));
  };
}

/** How much of a file is on disk; nothing where that cannot be told, as inside archives. */
function heldWords(file) {
  return Number.isFinite(file.held) ? `${percent(file.held, file.length)} on disk` : '';
}

function heldOf(cell) {
  const [bar, setBar] = fileBar();
  const words = el('span.progress-words');
  cell.append(el('span.progress-box', null, bar, words));
  return (file) => {
    show(bar, Boolean(file.bar));
    say(words, Number.isFinite(file.held) ? percent(file.held, file.length) : '');
    if (file.bar) setBar(file.bar, heldWords(file));
  };
}

function actsOf(cell, play) {
  let file = null;
  const playing = button('Play', { symbol: 'play', bare: true, kind: 'plain', onclick: () => play(file) });
  const words = playing.querySelector('.unseen');
  const url = copyButton('Copy URL', () => file.url, { bare: true, symbol: 'link' });
  const code = copyButton('Copy HTML', () => snippet(file.name, file.url), { bare: true, symbol: 'code' });
  const saving = el('a.button.plain.bare', { title: 'Download' });
  saving.append(button('x', { symbol: 'down' }).firstChild, el('span.unseen', null, 'Download'));
  cell.classList.add('acts');
  cell.append(playing, url, code, saving);
  return (now) => {
    file = now;
    const usable = Boolean(file.url) && file.kind !== 'dir';
    const kind = mediaKind(file.name);
    show(playing, usable && Boolean(kind));
    say(words, `${kind === 'image' ? 'Show' : 'Play'} ${shown(file.name, 80)}`);
    attribute(playing, 'title', kind === 'image' ? 'Show' : 'Play');
    for (const node of [url, code, saving]) show(node, usable);
    if (usable) attribute(saving, 'href', `${file.url}${file.url.includes('?') ? '&' : '?'}download=1`);
  };
}
