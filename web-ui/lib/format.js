// Numbers with units, in powers of a thousand as on the content plane.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const counted = new Intl.NumberFormat('en');
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' });
const moment = new Intl.DateTimeFormat('en', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** Between a number and its unit: they must not be torn apart. */
const JOINED = '\u00a0';

/** What stands where nothing is known. */
export const NONE = '–';

/** Bytes: three digits that matter are enough to compare by. */
export function bytes(count) {
  if (!Number.isFinite(count)) return NONE;
  let value = Math.max(0, count);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)}${JOINED}${UNITS[unit]}`;
}

/** Bytes a second; nothing moving is a dash, so that what moves is seen. */
export function speed(count) {
  return count > 0 ? `${bytes(count)}/s` : NONE;
}

/** A count, with thousands set apart. */
export function number(count) {
  return Number.isFinite(count) ? counted.format(count) : NONE;
}

/** `1 item`, `2 items`. */
export function plural(count, one, many = `${one}s`) {
  return `${number(count)}${JOINED}${count === 1 ? one : many}`;
}

/** A part of a whole; never rounded up to all of it, or down to none. */
export function percent(part, whole) {
  if (!(whole > 0)) return NONE;
  const value = (100 * part) / whole;
  if (value > 0 && value < 1) return `<${JOINED}1${JOINED}%`;
  if (value >= 99 && value < 100) return `99${JOINED}%`;
  return `${Math.round(Math.min(value, 100))}${JOINED}%`;
}

/** A duration by its two largest units. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return NONE;
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(whole / 86400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return `0${JOINED}s`;
  const pair = parts.slice(first, first + 2).filter(([value]) => value > 0);
  return pair.map(([value, unit]) => `${value}${JOINED}${unit}`).join(' ');
}

/** How long ago, in one unit: it changes rarely, so that lists stay calm. */
export function ago(seconds, now = Date.now() / 1000) {
  if (!(seconds > 0)) return NONE;
  const past = Math.max(0, now - seconds);
  if (past < 10) return 'just now';
  if (past < 60) return `${Math.floor(past / 10) * 10}${JOINED}s ago`;
  if (past < 3600) return `${Math.floor(past / 60)}${JOINED}min ago`;
  if (past < 86400) return `${Math.floor(past / 3600)}${JOINED}h ago`;
  if (past < 30 * 86400) return plural(Math.floor(past / 86400), 'day') + ' ago';
  return day.format(seconds * 1000);
}

/** A moment in full, for tooltips and details. */
export function date(seconds) {
  return seconds > 0 ? moment.format(seconds * 1000) : NONE;
}
