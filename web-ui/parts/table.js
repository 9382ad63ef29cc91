// A table of which only the rows in sight exist. A thousand items that change every second cost what
// thirty cost; rows are kept by key and updated in place, so that focus and selection survive.

import { attribute, el, icon, say, setIcon, show, variable } from '../lib/dom.js';

/** Rows beyond the window on either side: the tab key must find a next row to go to. */
const MARGIN = 8;

/**
 * Makes a table.
 * `columns`: { title, key, width, rank, numeric, sort(row), make(cell) → update(row) }; `rank` 2 and 3 are
 * left out where there is little room. `key(row)` names a row. `sorted` is { key, down }.
 */
export function table({ label, columns, key, sorted, onSort = () => {} }) {
  const head = el('tr', { 'aria-rowindex': 1 });
  const above = el('tr.spacer', { 'aria-hidden': 'true' }, el('td'));
  const below = above.cloneNode(true);
  const body = el('tbody', null, above, below);
  const element = el('table.list', { 'aria-label': label }, el('thead', null, head), body);
  const rows = new Map();
  /** Rows that were scrolled away, to be written anew: making one costs ten times as much. */
  const spare = [];
  let list = [];
  let order = sorted;

  for (const column of columns) {
    const heading = el('th', { scope: 'col', 'data-rank': column.rank, class: column.numeric ? 'numeric' : null });
    if (column.width) variable(heading, '--width', column.width);
    if (column.sort) {
      const arrow = icon('down');
      heading.append(
        el('button.sort', { type: 'button', onclick: () => turn(column) }, el('span', null, column.title), arrow),
      );
      column.mark = () => {
        const is = order?.key === column.key;
        attribute(heading, 'aria-sort', is ? (order.down ? 'descending' : 'ascending') : null);
        setIcon(arrow, is && !order.down ? 'up' : 'down');
      };
      column.mark();
    } else {
      heading.append(el(column.hidden ? 'span.unseen' : 'span', null, column.title));
    }
    head.append(heading);
  }

  function turn(column) {
    const down = order?.key === column.key ? !order.down : Boolean(column.numeric);
    order = { key: column.key, down };
    for (const each of columns) each.mark?.();
    arrange();
    draw();
    onSort(order);
  }

  function arrange() {
    const column = columns.find((each) => each.key === order?.key);
    if (!column) return;
    const sign = order.down ? -1 : 1;
    const values = new Map(list.map((row) => [row, column.sort(row)]));
    list.sort((one, other) => {
      const [a, b] = [values.get(one), values.get(other)];
      const by = typeof a === 'string' ? collator.compare(a, b) : a - b;
      return sign * by || collator.compare(key(one), key(other));
    });
  }

  /** Whether somebody is at the table: rows must not run away from under a pointer. */
  const isHeld = () => body.matches(':hover') || body.contains(document.activeElement);

  /** Shows these rows. Where somebody is at the table, rows keep their places. */
  function update(fresh, { force = false } = {}) {
    if (list.length && isHeld() && !force) {
      const byKey = new Map(fresh.map((row) => [key(row), row]));
      const kept = [];
      for (const row of list) {
        const now = byKey.get(key(row));
        if (!now) continue;
        kept.push(now);
        byKey.delete(key(row));
      }
      list = [...kept, ...byKey.values()];
    } else {
      list = [...fresh];
      arrange();
    }
    draw(true);
  }

  function height() {
    return parseFloat(getComputedStyle(element).getPropertyValue('--row')) || 44;
  }

  let drawn = [0, -1];
  /** Draws what is in sight; rows that are the same as before are only written where something was `told`. */
  function draw(told = false) {
    const row = height();
    attribute(element, 'aria-rowcount', list.length + 1);
    const top = body.getBoundingClientRect().top;
    const first = Math.max(0, Math.min(list.length, Math.floor(-top / row) - MARGIN));
    const last = Math.max(first, Math.min(list.length, Math.ceil((innerHeight - top) / row) + MARGIN));
    drawn = [first, last];
    const wanted = new Map();
    for (let index = first; index < last; index += 1) wanted.set(key(list[index]), index);
    let lost = null;
    for (const [name, made] of rows) {
      if (wanted.has(name)) continue;
      // a row that is gone, not one that was scrolled away: the focus goes to what took its place
      if (made.node.contains(document.activeElement) && !list.some((row) => key(row) === name)) {
        lost = { index: made.node.ariaRowIndex - 2, stop: stops(made.node).indexOf(document.activeElement) };
      }
      // one that has the focus must not become another item's under somebody's finger
      if (!made.node.contains(document.activeElement)) spare.push(made);
      made.node.remove();
      rows.delete(name);
    }
    space(above, first * row);
    space(below, (list.length - last) * row);
    let place = above.nextSibling;
    for (const [name, index] of wanted) {
      const made = rows.get(name) ?? rows.set(name, spare.pop() ?? make()).get(name);
      if (told || made.row !== list[index]) for (const update of made.updates) update(list[index]);
      made.row = list[index];
      attribute(made.node, 'aria-rowindex', index + 2);
      if (made.node === place) place = place.nextSibling;
      else move(made.node, place);
    }
    if (lost) catchFocus(lost);
  }

  function catchFocus({ index, stop }) {
    const next = rows.get(list.length ? key(list[Math.min(index, list.length - 1)]) : '');
    const choices = next ? stops(next.node) : [];
    (choices[Math.min(stop, choices.length - 1)] ?? document.querySelector('main h1')).focus({ preventScroll: true });
  }

  function move(node, place) {
    const focused = node.contains(document.activeElement) ? document.activeElement : null;
    body.insertBefore(node, place);
    focused?.focus({ preventScroll: true });
  }

  function make() {
    const node = el('tr');
    const updates = columns.map((column, index) => {
      const cell = el(index === 0 ? 'th' : 'td', {
        scope: index === 0 ? 'row' : null,
        'data-rank': column.rank,
        class: column.numeric ? 'numeric' : (column.kind ?? null),
      });
      node.append(cell);
      const update = column.make ? column.make(cell) : null;
      return update ?? ((row) => say(cell, column.text(row)));
    });
    return { node, updates };
  }

  let frame = 0;
  const look = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      const row = height();
      const top = body.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(-top / row) - 2);
      const last = Math.min(list.length, Math.ceil((innerHeight - top) / row) + 2);
      // within the margin there is nothing to do
      if (first < drawn[0] || last > drawn[1] || drawn[1] - drawn[0] > last - first + 4 * MARGIN) draw();
    });
  };
  const resized = () => draw();
  addEventListener('scroll', look, { passive: true });
  addEventListener('resize', resized);
  const close = () => {
    removeEventListener('scroll', look);
    removeEventListener('resize', resized);
  };
  return { element, update, close, rows: () => list };
}

/** What of a row the tab key stops at. */
const stops = (row) => [...row.querySelectorAll('a[href], button')].filter((node) => !node.disabled && !node.hidden);

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

function space(row, height) {
  show(row, height > 0);
  variable(row.firstChild, '--space', `${height}px`);
}
