// What the mock agent holds: the same for the same scenario, every time.

/** A generator of numbers from 0 to 1 that always says the same (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value = (value + Math.imul(value ^ (value >>> 7), value | 61)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

/** Names as strangers write them: each would run, break out or turn something around if it could. */
export const HOSTILE = [
  '<img src=x onerror="window.ran=1;fetch(\'/stolen\')">.mp4',
  '"><script>window.ran=1</script>.mkv',
  'javascript:window.ran=1//.mp4',
  '\u202Egpj.exe\u202D movie\u2066 \u2067.mp4',
  'العربية\u200f والعبرية עברית.mp4',
  `long ${'x'.repeat(10_000)}.mp4`,
  `Z${'\u0300\u0301\u0302'.repeat(300)}algo.mp4`,
  'line\nbreak\r\n\u0000\u0007tab\t.mp4',
  '{{constructor.constructor("window.ran=1")()}}.mp4',
  '&lt;b&gt;not bold&lt;/b&gt; &amp;.mp4',
  '../../../etc/passwd',
  '\ufeff\u200b\u200b\u2028.mp4',
  '👩‍👩‍👧‍👦 family 日本語 и кириллица.webm',
  '__proto__',
  'constructor',
];

const WORDS = [
  'Big Buck Bunny',
  'Sintel',
  'Tears of Steel',
  'Cosmos Laundromat',
  'Elephants Dream',
  'Spring',
  'Agent 327',
  'Caminandes',
  'Glass Half',
  'Night of the Living Dead',
  'The General',
  'Metropolis',
  'Nosferatu',
  'Lecture notes',
  'Field recordings',
  'Atlas of the world',
  'Debian 12 netinst',
  'OpenStreetMap planet',
  'Wikipedia zim',
  'Free music archive',
];
const ENDS = [
  '1080p.mkv',
  '2160p.webm',
  'photos.zip',
  'soundtrack.flac',
  'extras',
  '720p.mp4',
  'scans.cbz',
  'iso',
  'dataset.tar',
];
export const SITES = [
  ['http://127.0.0.1:43110', 'referer'],
  ['1HeLLo4uzjaLetFx6NH3PMwFP3qbRbTf3D', 'claimed'],
  ['https://films.example', 'origin'],
  ['http://localhost:8000', 'origin'],
  ['', 'unknown'],
  ['https://a-very-long-name-of-a-site.example.org:8443', 'origin'],
];

const hex = (next, length) => Array.from({ length }, () => Math.floor(next() * 16).toString(16)).join('');
const base32 = (next, length) =>
  Array.from({ length }, () => 'abcdefghijklmnopqrstuvwxyz234567'[Math.floor(next() * 32)]).join('');

/** Items, in the order in which they go. */
export function makeItems(count, { hostile = false, now }) {
  const next = random(7);
  const items = [];
  for (let at = 0; at < count; at += 1) {
    const protocol = next() < 0.7 ? 'bittorrent' : 'ipfs';
    const id = protocol === 'bittorrent' ? hex(next, 40) : `bafybei${base32(next, 52)}`;
    const length = Math.floor(10 ** (6.2 + 3.4 * next()));
    const disk = Math.floor(length * (next() < 0.35 ? 1 : next()) ** 1.5);
    const uses = 1 + Math.floor(next() ** 3 * 40);
    const streams = 0;
    const pinned = at % 17 === 5;
    const name =
      hostile && at < HOSTILE.length
        ? HOSTILE[at]
        : next() < 0.06
          ? null
          : `${WORDS[Math.floor(next() * WORDS.length)]} (${1920 + Math.floor(next() * 106)}) ${ENDS[Math.floor(next() * ENDS.length)]}`;
    const last = now - Math.floor((count - at) * 7000 * next()) - 20;
    items.push({
      protocol,
      id,
      name,
      length: name ? length : null,
      disk,
      first_access: last - Math.floor(next() * 4e6),
      last_access: last,
      uses,
      served: Math.floor(disk * (0.5 + 4 * next())),
      fetched: Math.floor(disk * (1 + 0.4 * next())),
      pinned,
      streams,
      kept: pinned ? 'pinned' : 'recent',
      queue: null,
    });
  }
  items.sort((one, other) => one.last_access - other.last_access);
  return items;
}

/** Numbers the queue anew. */
export function requeue(items) {
  let place = 0;
  for (const item of items) {
    item.kept = item.pinned ? 'pinned' : item.streams ? 'in use' : 'recent';
    item.queue = item.pinned || item.disk === 0 ? null : (place += 1);
  }
}

const WAITS = [null, null, null, 'client', null, 'data', null, 'peers', null, 'metadata', 'decoder', null, 'room'];

/** Streams over the items that were used last. */
export function makeStreams(count, items, { hostile = false, now }) {
  const next = random(11);
  return Array.from({ length: items.length ? count : 0 }, (_, at) => {
    const item = items[items.length - 1 - (at % Math.min(items.length, 24))];
    item.streams += 1;
    const [site, evidence] = SITES[at % SITES.length];
    const length = item.length ?? 5e8;
    const name =
      hostile && at < HOSTILE.length
        ? HOSTILE[at]
        : (item.name ?? '').endsWith('extras')
          ? 'making of.mp4'
          : (item.name ?? '');
    return {
      number: 100 + at,
      protocol: item.protocol,
      id: item.id,
      site: hostile && at < 4 ? HOSTILE[at] : site,
      evidence,
      since: now - Math.floor(next() * 5000),
      served: Math.floor(length * next()),
      name,
      path: name,
      length,
      position: Math.floor(length * next()),
      speed: WAITS[at % WAITS.length] ? 0 : Math.floor(2e5 + next() * 4e6),
      peers: Math.floor(next() * 60),
      waits_for: WAITS[at % WAITS.length],
    };
  });
}

/** Collections, newest first. */
export function makeCollections(count, now) {
  const next = random(13);
  const reasons = ['limit', 'limit', 'limit', 'keep_free', 'asked', 'documents', 'inodes'];
  return Array.from({ length: count }, (_, at) => ({
    at: now - 400 - at * 5200 - Math.floor(next() * 3000),
    reason: reasons[Math.floor(next() * reasons.length)],
    freed: Math.floor(10 ** (6.5 + 3 * next())),
    chunks: Math.floor(next() * 900) + 1,
    items: Math.floor(next() * 12) + 1,
    took_ms: Math.floor(next() * 60) + 2,
  }));
}

/** Files of an item below a path. */
export function makeFiles(item, path, content, { hostile = false } = {}) {
  const next = random(item.id.length + item.id.charCodeAt(3) + path.length);
  const base = `${content}/${item.protocol}/v0/stream/${item.id}/`;
  const full = item.disk >= (item.length ?? Infinity);
  const file = (name, kind, length) => {
    const bar = Array.from({ length: 200 }, (_, at) =>
      full ? 100 : at < 60 * next() || (at > 130 && at < 150) ? 100 : next() < 0.04 ? 40 : 0,
    );
    const held = Math.floor((length * bar.reduce((sum, part) => sum + part, 0)) / 20000);
    const own = path + name + (kind === 'dir' ? '/' : '');
    return {
      path: own,
      name,
      length: kind === 'dir' ? null : length,
      url: base + own.split('/').map(encodeURIComponent).join('/'),
      kind,
      held: kind === 'dir' ? null : held,
      bar: kind === 'dir' ? null : bar,
    };
  };
  if (hostile) return HOSTILE.map((name, at) => file(name.replaceAll('/', '∕'), 'file', 1e6 * (at + 1)));
  if (path === 'many/')
    return Array.from({ length: 2300 }, (_, at) =>
      file(`${String(at + 1).padStart(4, '0')}.jpg`, 'file', 200_000 + at),
    );
  // how much of an entry is there cannot be told
  const packed = (name) => ({ ...file(name, 'file', 400_000), held: null, bar: null });
  if (path.endsWith('.zip/')) return ['001.jpg', '002.jpg', 'notes.txt'].map(packed);
  if (path) return [file('trailer.wav', 'file', 44_144)];
  return [
    file('extras', 'dir', 0),
    file('many', 'dir', 0),
    file('film.mp4', 'file', 734_003_200),
    file('song.wav', 'file', 44_144),
    file('poster.png', 'file', 70),
    file('photos.zip', 'archive', 52_000_000),
    file('readme.txt', 'file', 1800),
    file('film.en.srt', 'file', 90_000),
  ];
}

/** Settings in the form of the contract. */
export const SETTINGS = [
  [
    'listen.content',
    'text',
    '127.0.0.1:7788',
    'The content plane: what pages and players embed.',
    { writable: false, from: 'flag', live: false },
  ],
  [
    'listen.public',
    'bool',
    false,
    'Must be true for any address that is not loopback. Every request then needs the token in the data directory.',
    { live: false },
  ],
  [
    'network.scope',
    'choice',
    'internet',
    '"internet", or "loopback": no socket leaves this machine, no DHT, no public tracker.',
    { choices: ['internet', 'loopback'], live: false },
  ],
  [
    'disk.limit',
    'size',
    '20GB',
    'The most that is kept in the data directory, such as "300MB" or "20GB", at least "16MB". What was not used for longest goes first; what is pinned or being played stays.',
    { live: true },
  ],
  [
    'disk.keep_free',
    'size',
    '2GB',
    'What always stays free on the file system, whatever the limit.',
    { live: true, value: '5GB', from: 'file' },
  ],
  [
    'disk.policy',
    'choice',
    'lru',
    'What goes first: "lru", what was not used for longest, or "gdsf", which also keeps what is used often and what is small.',
    { choices: ['lru', 'gdsf'], live: true },
  ],
  [
    'timeouts.first_byte',
    'duration',
    '30s',
    'For the first byte of an answer while nothing of it comes in.',
    { live: true },
  ],
  ['limits.streams', 'number', 1024, 'Answers with content under way at the same time.', { live: true }],
  ['bittorrent.port', 'number', 0, 'The port for peers, TCP and UDP; 0 takes any free one.', { live: false }],
  [
    'bittorrent.trackers',
    'list',
    ['udp://tracker.example:1337/announce', 'udp://other.example:80/announce'],
    'Trackers that are asked for every public torrent.',
    { live: false },
  ],
  [
    'bittorrent.upload_limit',
    'text',
    'unlimited',
    'Bytes per second sent to others, such as "500kB", or "unlimited".',
    { live: true, writable: false, from: 'environment' },
  ],
  [
    'log.level',
    'choice',
    'info',
    'How much is written on standard error.',
    { choices: ['error', 'warn', 'info', 'debug', 'trace'], live: true },
  ],
].map(([key, type, value, about, more]) => ({
  key,
  type,
  value,
  default: value,
  about,
  live: true,
  from: 'default',
  writable: true,
  ...more,
}));
