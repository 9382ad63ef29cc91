// The speed of all streams over the last two minutes, as a line without an axis: its shape is what matters.

import { attribute, el, svg } from '../lib/dom.js';
import { state } from '../lib/state.js';

const POINTS = 120;
const LEAST = 40;
const history = [];

/** Notes the speed of now; called once a second, whatever is shown. */
export function note() {
  history.push(totalSpeed());
  if (history.length > POINTS) history.shift();
}

/** Bytes a second to all clients together. */
export function totalSpeed() {
  return (state.streams ?? []).reduce((sum, stream) => sum + (stream.speed || 0), 0);
}

/** A line; gives [element, update()]. */
export function spark() {
  const area = svg('path', { class: 'area' });
  const line = svg('path', { class: 'line', 'vector-effect': 'non-scaling-stroke' });
  const drawing = svg('svg', { preserveAspectRatio: 'none', 'aria-hidden': 'true', focusable: 'false' });
  drawing.append(area, line);
  const element = el('dd.spark', { 'aria-hidden': 'true' }, drawing);
  return [
    element,
    () => {
      const most = Math.max(...history, 1);
      // the first minute fills the room as it comes, so that there is something to see
      const span = Math.max(history.length, LEAST) - 1;
      const first = span + 1 - history.length;
      attribute(drawing, 'viewBox', `0 0 ${span} 100`);
      const points = history.map((value, at) => `${first + at} ${(97 - (92 * value) / most).toFixed(1)}`);
      attribute(line, 'd', points.length > 1 ? `M${points.join('L')}` : 'M0 97H0');
      attribute(area, 'd', points.length > 1 ? `M${first} 100L${points.join('L')}V100Z` : 'M0 100H0');
    },
  ];
}
