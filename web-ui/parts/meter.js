// How full the disk is: a bar of the limit, divided by what holds the room.

import { attribute, el, say, show, variable } from '../lib/dom.js';
import { bytes, percent } from '../lib/format.js';

/** What the room is divided into, in the order of the bar. */
const PARTS = [
  ['pinned', 'Pinned', 'Never goes by itself'],
  ['in_use', 'In use', 'Being read now'],
  ['recent', 'Recent', 'Goes when room is needed, what was not used for longest first'],
  ['overhead', 'Metadata and index', 'Lists of files, and what the agent needs for itself'],
];

/** The bytes of each part, from a disk report. */
export function divided(disk) {
  const overhead = disk.documents + disk.own;
  const recent = Math.max(0, disk.used - disk.pinned - disk.in_use - overhead);
  return { pinned: disk.pinned, in_use: disk.in_use, recent, overhead };
}

/** A bar with a legend; gives [element, update(disk)]. */
export function meter({ legend = true } = {}) {
  const segments = PARTS.map(([name]) => el('span', { 'data-part': name, hidden: true }));
  const bar = el('div.meter', { role: 'img' }, segments);
  const entries = PARTS.map(([name, label, about]) => {
    const value = el('b');
    return [
      el('li', { 'data-part': name, title: about }, el('i', { 'aria-hidden': 'true' }), el('span', null, label), value),
      value,
    ];
  });
  const element = el(
    'div.meter-box',
    null,
    bar,
    legend
      ? el(
          'ul.legend',
          null,
          entries.map(([entry]) => entry),
        )
      : null,
  );
  return [
    element,
    (disk) => {
      const parts = divided(disk);
      // over the limit, as while it was lowered, the bar shows what is used
      const whole = Math.max(disk.limit, disk.used, 1);
      PARTS.forEach(([name], index) => {
        variable(segments[index], '--part', `${((100 * parts[name]) / whole).toFixed(2)}%`);
        show(segments[index], parts[name] > 0);
        say(entries[index][1], bytes(parts[name]));
      });
      attribute(
        bar,
        'aria-label',
        `${bytes(disk.used)} of ${bytes(disk.limit)} used, ${percent(disk.used, disk.limit)}`,
      );
    },
  ];
}
