// Sizes as people write them, in the units of the configuration file.

const FACTORS = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** Bytes; null where the text is not a size. */
export function parseSize(text) {
  const [, value, unit] = /^\s*(\d+(?:[.,]\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = FACTORS[unit?.toLowerCase()];
  return value === undefined || factor === undefined ? null : Math.round(parseFloat(value.replace(',', '.')) * factor);
}
