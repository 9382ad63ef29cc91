// Notices at the edge of the window, and what a screen reader is told.

import { button, el, say } from './dom.js';

/** Notices at the same time; older ones make room. */
const MOST = 3;

/** How long a notice stays, in milliseconds. */
const STAY = 6000;

const region = () => document.getElementById('notices');

/** Says something to screen readers only. Sparingly: what moves by itself is never said. */
export function announce(text) {
  const node = document.getElementById('announcer');
  // the same sentence twice would not be heard again
  node.said = null;
  node.textContent = '';
  setTimeout(() => say(node, text), 60);
}

/**
 * Shows a notice for a while, with an action such as undoing, and calls `gone` when its time is over.
 * While it is pointed at or has the focus the time stands still.
 */
export function notice(text, { action, act, gone = () => {}, stay = STAY, kind = '' } = {}) {
  const node = el(`div.notice${kind && `.${kind}`}`, null, el('p', null, text));
  let left = stay;
  let since = 0;
  let timer = 0;
  let over = false;
  const end = (then) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    const had = node.contains(document.activeElement);
    node.remove();
    if (had) document.getElementById('main').focus({ preventScroll: true });
    then();
  };
  const run = () => {
    since = performance.now();
    timer = setTimeout(() => end(gone), left);
    node.classList.remove('held');
  };
  const hold = () => {
    clearTimeout(timer);
    left = Math.max(1500, left - (performance.now() - since));
    node.classList.add('held');
  };
  node.addEventListener('pointerenter', hold);
  node.addEventListener('pointerleave', run);
  node.addEventListener('focusin', hold);
  node.addEventListener('focusout', run);
  if (action) node.append(button(action, { kind: 'plain', onclick: () => end(act) }));
  else node.append(button('Close', { symbol: 'close', bare: true, onclick: () => end(gone) }));
  region().append(node);
  // what waits for its end must not wait longer than what came after it
  while (region().children.length > MOST) region().firstElementChild.finish();
  node.finish = () => end(gone);
  node.act = action ? () => end(act) : null;
  announce(text + (action ? ` ${action}: Control Z.` : ''));
  run();
  return node;
}

/** Shows what went wrong, and what to do. */
export function failed(doing, error) {
  notice(`${doing}: ${error.detail ?? error.message}`, { kind: 'bad', stay: 12_000 });
}

/** Does the action of the newest notice that has one; false where there is none. */
export function undoNewest() {
  const newest = [...region().children].reverse().find((node) => node.act);
  newest?.act();
  return Boolean(newest);
}

/** Ends all notices at once, doing what they wait for: the page is about to go. */
export function finishAll() {
  for (const node of [...region().children]) node.finish();
}
