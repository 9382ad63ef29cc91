// Names of files, items and sites are hostile: they may hold markup, turn the line around, stack a
// thousand accents, or be ten kilobytes long. What is shown is their letters, in a box of their own.

import { el } from './dom.js';

/** Characters that would be shown of a name, before it is cut. */
const LONGEST = 240;

/** Controls, line breaks, and what turns the reading direction around: shown as a sign that something is odd. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb]/gu;

/** Signs without a shape, which honest names have too: left out, since each name stands in a box of its own. */
const SHAPELESS = /[\u061c\u200b\u200e\u200f\u2060-\u2065\ufeff]/gu;

/** More accents on one letter than any language has: they would paint over the lines around. */
const STACKED = /(\p{M}{4})\p{M}+/gu;

/** The name as it may be shown: one line, of bounded length, without what is invisible. */
export function shown(name, longest = LONGEST) {
  const text = String(name ?? '');
  // cut first: the patterns must not run over ten kilobytes a thousand times a second
  const cut = text.length > longest ? `${text.slice(0, longest).replace(/[\ud800-\udbff]$/u, '')}…` : text;
  return cut.replace(SHAPELESS, '').replace(CONTROLS, '\ufffd').replace(STACKED, '$1');
}

/** An element for a name; <bdi> keeps letters that run right to left from turning their neighbours around. */
export function named(name, longest) {
  return el('bdi', null, shown(name, longest));
}

/** What an item is called: its own name, else the beginning of its id. */
export function itemName(item) {
  return shown(item.name).trim() || shortId(item.id);
}

/** An id that is too long to read, as beginning and end. */
export function shortId(id) {
  const text = shown(id, 120);
  return text.length > 20 ? `${text.slice(0, 10)}…${text.slice(-6)}` : text;
}

/** The key of an item in lists and in the address of its view. */
export function keyOf({ protocol, id }) {
  return `${protocol}/${id}`;
}

/** The address of an item's view. */
export function itemHref({ protocol, id }, path = '') {
  const query = path ? `?path=${encodeURIComponent(path)}` : '';
  return `#/item/${encodeURIComponent(protocol)}/${encodeURIComponent(id)}${query}`;
}

/** What people call a network. */
export function protocolName(protocol) {
  return { bittorrent: 'BitTorrent', ipfs: 'IPFS', ipns: 'IPNS' }[protocol] ?? shown(protocol, 24);
}
