// A bar along a file: where it is filled, the bytes are on this disk.

import { attribute, el, svg } from '../lib/dom.js';

/** A bar; gives [element, update(bar, held, length)]. */
export function fileBar() {
  const path = svg('path');
  const drawing = svg('svg', { preserveAspectRatio: 'none', 'aria-hidden': 'true', focusable: 'false' });
  drawing.append(path);
  const element = el('div.filebar', { role: 'img' }, drawing);
  return [
    element,
    (bar, words) => {
      const segments = Array.isArray(bar) && bar.length ? bar.slice(0, 200) : [0];
      attribute(drawing, 'viewBox', `0 0 ${segments.length} 100`);
      attribute(path, 'd', outline(segments));
      attribute(element, 'aria-label', `${words}${stretches(segments)}`);
    },
  ];
}

/** Each segment as high as it is full, so that one that is half there looks so. */
function outline(segments) {
  let drawn = '';
  for (let at = 0; at < segments.length;) {
    const value = clamp(segments[at]);
    let end = at + 1;
    while (end < segments.length && clamp(segments[end]) === value) end += 1;
    if (value > 0) drawn += `M${at} 100V${100 - value}H${end}V100Z`;
    at = end;
  }
  return drawn;
}

/** The same in words: which stretches are there, at most three of them. */
function stretches(segments) {
  const found = [];
  for (let at = 0; at < segments.length; at += 1) {
    if (clamp(segments[at]) === 0) continue;
    let end = at;
    while (end < segments.length && clamp(segments[end]) > 0) end += 1;
    found.push([at, end]);
    at = end;
  }
  if (!found.length || (found.length === 1 && found[0][1] - found[0][0] === segments.length)) return '';
  const part = (at) => `${Math.round((100 * at) / segments.length)} %`;
  const said = found.slice(0, 3).map(([from, to]) => `${part(from)} to ${part(to)}`);
  return `: ${said.join(', ')}${found.length > 3 ? ` and ${found.length - 3} more stretches` : ''}`;
}

function clamp(value) {
  return Math.max(0, Math.min(100, Math.round(value) || 0));
}
