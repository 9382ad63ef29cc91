// The content plane of the mock: a second of silence, a picture, and listings that take a moment to be found.

import { makeFiles, requeue } from './data.mjs';

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** How long finding a list of files takes, in milliseconds. */
const FINDING = 300;

/** A second of silence, 22,050 samples of 16 bits. */
function wave() {
  const sound = Buffer.alloc(44 + 44_100);
  sound.write('RIFF', 0);
  sound.writeUInt32LE(36 + 44_100, 4);
  sound.write('WAVEfmt ', 8);
  sound.writeUInt32LE(16, 16);
  sound.writeUInt16LE(1, 20);
  sound.writeUInt16LE(1, 22);
  sound.writeUInt32LE(22_050, 24);
  sound.writeUInt32LE(44_100, 28);
  sound.writeUInt16LE(2, 32);
  sound.writeUInt16LE(16, 34);
  sound.write('data', 36);
  sound.writeUInt32LE(44_100, 40);
  return sound;
}

export function content(agent, request, response) {
  const url = new URL(request.url, agent.contentOrigin);
  const headers = {
    'Access-Control-Allow-Origin': '*',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Accept-Ranges': 'bytes',
    'Access-Control-Allow-Headers': 'Range',
  };
  if (request.method === 'OPTIONS') return response.writeHead(204, headers).end();
  const [, protocol, , , id] = url.pathname.split('/');
  if (url.searchParams.get('format') === 'json')
    return agent.search(FINDING).then(() => listing(agent, protocol, id, response, headers));
  const body = url.pathname.endsWith('.wav') ? wave() : /\.(png|jpg)$/.test(url.pathname) ? PICTURE : null;
  if (!body) {
    response.writeHead(504, { ...headers, 'Content-Type': 'application/problem+json' });
    return response.end(JSON.stringify({ status: 504, reason: 'no-peers', detail: 'no peer was reached that has it' }));
  }
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const end = Math.min(to === '' ? Infinity : Number(to), body.length - 1);
  const type = url.pathname.endsWith('.wav') ? 'audio/wav' : 'image/png';
  response.writeHead(request.headers.range ? 206 : 200, {
    ...headers,
    'Content-Type': type,
    'Content-Length': end + 1 - Number(from),
    ...(request.headers.range ? { 'Content-Range': `bytes ${from}-${end}/${body.length}` } : {}),
  });
  return response.end(body.subarray(Number(from), end + 1));
}

/** Asks the network: from then on the agent knows the item and its files. */
function listing(agent, protocol, id, response, headers) {
  if (id.startsWith('dead')) {
    response.writeHead(504, { ...headers, 'Content-Type': 'application/problem+json' });
    return response.end(
      JSON.stringify({
        status: 504,
        reason: 'no-peers',
        detail: 'no peer was reached that has it; try again later, or add a tracker',
      }),
    );
  }
  let item = agent.find(protocol, id);
  if (!item) {
    const now = Math.floor(Date.now() / 1000);
    item = {
      protocol,
      id,
      name: 'Found by its address',
      length: 8e8,
      disk: 1.2e6,
      first_access: now,
      last_access: now,
      uses: 1,
      served: 0,
      fetched: 1.2e6,
      pinned: false,
      streams: 0,
      kept: 'recent',
      queue: null,
    };
    agent.items.push(item);
    requeue(agent.items);
  }
  agent.unknown.delete(id);
  agent.listeners.changed(item);
  const entries = makeFiles(item, '', agent.contentOrigin).map(({ name, kind, length, url }) => ({
    name,
    type: kind === 'dir' ? 'directory' : 'file',
    length,
    url: new URL(url).pathname,
  }));
  response.writeHead(200, { ...headers, 'Content-Type': 'application/json' });
  return response.end(JSON.stringify({ path: '/', entries }));
}
