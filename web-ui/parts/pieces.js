// Small parts that several views are made of.

import { call, itemPath } from '../lib/api.js';
import { attribute, button, el, icon, say, setIcon } from '../lib/dom.js';
import { itemHref, itemName, shown } from '../lib/names.js';
import { changed, state } from '../lib/state.js';
import { announce, failed, notice } from '../lib/tell.js';
import { EVIDENCE } from '../lib/words.js';
import { keyOf } from '../lib/names.js';

/** A state of a view that has nothing to show: what is so, why, and what to do. */
export function empty(symbol, title, text, ...actions) {
  return el(
    'div.empty',
    null,
    icon(symbol),
    el('h2', null, title),
    el('p', null, text),
    actions.length ? el('p.actions', null, actions) : null,
  );
}

/** What stands where something is still on its way: it takes the room that it will take. */
export function loading(rows = 6, what = 'Loading', kind = 'bones') {
  const lines = Array.from({ length: rows }, () => el('div.bone'));
  return el(`div.loading.${kind}`, { role: 'status' }, el('span.unseen', null, what), lines);
}

/** What stands where something could not be read, with a way to try again. */
export function trouble(error, again, title = 'This could not be read') {
  return el(
    'div.empty.bad',
    { role: 'alert' },
    icon('alert'),
    el('h2', null, title),
    el('p', null, error.detail ?? error.message),
    el('p.actions', null, button('Try again', { kind: 'plain', onclick: again })),
  );
}

/** A section with a heading; gives [section, place for what belongs to it]. */
export function section(title, { level = 2, aside = null, kind = '' } = {}) {
  const heading = el(`h${level}`, null, title);
  const place = el('div.section-body');
  const id = `section-${(section.count = (section.count ?? 0) + 1)}`;
  heading.id = id;
  return [
    el(
      `section.section${kind && `.${kind}`}`,
      { 'aria-labelledby': id },
      el('div.section-head', null, heading, aside),
      place,
    ),
    place,
  ];
}

/** Copies, and says so on the button itself: a notice for every copy would be noise. */
export function copyButton(label, text, { bare = false, symbol = 'copy', kind = 'plain', done = 'Copied' } = {}) {
  let timer = 0;
  const node = button(label, { symbol, bare, kind, onclick: copy });
  const words = node.querySelector('.label, .unseen');
  async function copy() {
    const copied = await put(typeof text === 'function' ? text() : text);
    setIcon(node.querySelector('svg'), copied ? 'check' : 'alert');
    node.classList.toggle('done', copied);
    if (!bare) say(words, copied ? done : 'Not copied');
    announce(copied ? done : 'The browser refused to copy');
    clearTimeout(timer);
    timer = setTimeout(() => {
      setIcon(node.querySelector('svg'), symbol);
      node.classList.remove('done');
      if (!bare) say(words, label);
    }, 1600);
  }
  return node;
}

async function put(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A cell with an item's name as a link, and a line below it that shows where columns have no room. */
export function nameCell(cell, { below = () => '', href = itemHref, name = itemName } = {}) {
  const letters = el('bdi');
  const link = el('a.name', null, letters);
  const sub = el('span.sub');
  cell.classList.add('wide');
  cell.append(link, sub);
  return (row) => {
    say(letters, name(row));
    attribute(link, 'href', href(row));
    attribute(link, 'title', name(row));
    say(sub, below(row));
  };
}

/** How well a site is known, as a word with an explanation. */
export function evidence(word) {
  const [label, about] = EVIDENCE[word] ?? EVIDENCE.unknown;
  return el('span.badge', { 'data-evidence': word, title: about }, label);
}

/** What a site is called. */
export function siteName(site) {
  return site ? shown(site, 160) : 'Nobody said';
}

/** Pins or unpins at once; it is taken back where the agent refuses. */
export async function togglePin(item) {
  const pinned = !item.pinned;
  set(item, { pinned, kept: pinned ? 'pinned' : item.streams ? 'in use' : 'recent' });
  try {
    await call(pinned ? 'PUT' : 'DELETE', `${itemPath(item)}/pin`);
    announce(`${itemName(item)} ${pinned ? 'pinned' : 'unpinned'}`);
  } catch (error) {
    set(item, { pinned: !pinned, kept: item.kept });
    failed(pinned ? 'Not pinned' : 'Not unpinned', error);
  }
}

function set(item, change) {
  const known = state.items?.get(keyOf(item));
  if (known) state.items.set(keyOf(item), { ...known, ...change });
  changed('items');
}

/** A button that shows whether something is pinned. */
export function pinButton(itemOf, { bare = true } = {}) {
  const node = button('Pin', { symbol: 'pin', bare, kind: 'plain', onclick: () => togglePin(itemOf()) });
  const words = node.querySelector('.label, .unseen');
  const update = (item) => {
    attribute(node, 'aria-pressed', String(Boolean(item.pinned)));
    setIcon(node.querySelector('svg'), item.pinned ? 'pinned' : 'pin');
    say(words, bare ? `Pin ${itemName(item)}` : item.pinned ? 'Pinned' : 'Pin');
    if (bare) attribute(node, 'title', item.pinned ? 'Pinned: click to unpin' : 'Pin');
  };
  return [node, update];
}

/** Whether an address leads to the content plane: links come from calls, but carry names of strangers. */
export function contentUrl(url) {
  try {
    const parsed = new URL(url, state.status?.content);
    return parsed.origin === new URL(state.status.content).origin ? parsed.href : null;
  } catch {
    return null;
  }
}

export { notice };
