// The calls of the mock's management plane.

import { SITES, makeFiles, requeue } from './data.mjs';

export const keyOf = (item) => `${item.protocol}/${item.id}`;

/** A failure as the plane tells it. */
class Refusal extends Error {
  constructor(status, reason, detail) {
    super(detail);
    Object.assign(this, { status, reason, detail });
  }
}

export async function api(agent, request, response, url) {
  const path = url.pathname.slice('/api/v0'.length);
  const call = `${request.method} ${path}`;
  const body = await bodyOf(request);
  agent.calls.push(call);
  if (request.headers.authorization !== `Bearer ${agent.token}`)
    return refuse(response, new Refusal(401, 'unauthorized', 'send the token'));
  if (path !== '/events') await agent.think();
  const fault = agent.faultOf(call);
  if (fault) return refuse(response, fault);
  if (call === 'GET /events') return agent.listeners.add(response);
  try {
    const parts = path.slice(1).split('/').map(decodeURIComponent);
    const answer = calls(agent, request.method, parts, url.searchParams, body, request.headers['content-type']);
    response.writeHead(answer === undefined ? 204 : request.method === 'POST' && parts[0] === 'share' ? 202 : 200, {
      'Content-Type': 'application/json',
    });
    response.end(answer === undefined ? '' : JSON.stringify(answer));
  } catch (error) {
    refuse(response, error instanceof Refusal ? error : new Refusal(500, 'internal', error.stack));
  }
  return undefined;
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function refuse(response, { status, reason, detail }) {
  response.writeHead(status, { 'Content-Type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: reason, status, reason, detail }));
}

function calls(agent, method, [what, ...rest], query, body, type) {
  const known = {
    'GET status': () => agent.status(),
    'GET streams': () => ({ streams: agent.streams }),
    'GET items': () => (rest.length ? itemCall(agent, rest, query) : page(agent, query)),
    'PUT items': () => pin(agent, rest, true),
    'DELETE items': () => (rest[2] === 'pin' ? pin(agent, rest, false) : remove(agent, rest)),
    'GET collections': () => ({ collections: agent.collections }),
    'GET usage': () => ({ by: 'site', total: SITES.length, rows: sites(agent) }),
    'DELETE sites': () => purge(agent, rest[0]),
    'POST collect': () => collect(agent, JSON.parse(body)),
    'GET settings': () => ({ settings: agent.settings }),
    'PATCH settings': () => configure(agent, JSON.parse(body)),
    'GET shares': () => ({ shares: [...agent.shares.values()] }),
    'POST share': () => share(agent, JSON.parse(body)),
    'DELETE shares': () => {
      agent.shares.delete(Number(rest[0]));
      agent.listeners.send('share', { job: Number(rest[0]), state: 'gone' });
    },
    'POST resolve': () => resolve(agent, body, type),
  }[`${method} ${what}`];
  if (!known) throw new Refusal(404, 'not-found', 'there is no such call');
  return known();
}

function page(agent, query) {
  const [offset, limit] = [Number(query.get('offset') ?? 0), Number(query.get('limit') ?? 1000)];
  return { total: agent.items.length, offset, items: agent.items.slice(offset, offset + limit) };
}

function named(agent, [protocol, id]) {
  const item = agent.find(protocol, id);
  if (!item) throw new Refusal(404, 'not-found', `nothing is known of ${protocol}/${id}`);
  return item;
}

function itemCall(agent, rest, query) {
  const item = named(agent, rest);
  if (rest[2] === 'files') {
    if (agent.unknown.has(item.id)) throw new Refusal(409, 'unknown', 'the list of files is not known yet');
    const files = makeFiles(item, query.get('path') ?? '', agent.contentOrigin, { hostile: agent.scenario.hostile });
    const offset = Number(query.get('offset') ?? 0);
    return { files: files.slice(offset, offset + 1000), more: files.length > offset + 1000 };
  }
  const shares = [0.61, 0.27, 0.09, 0.03];
  return {
    ...item,
    peers: item.streams ? 23 : 0,
    speed: item.streams ? 1_840_000 : 0,
    state: item.streams ? 'live' : 'parked',
    last_error: item.queue === 3 ? 'tracker.example: timed out' : null,
    sites: shares.map((share, at) => ({
      site: SITES[at][0],
      evidence: SITES[at][1],
      first_access: item.first_access,
      last_access: item.last_access,
      served: Math.floor(item.served * share),
      share,
    })),
  };
}

function pin(agent, rest, pinned) {
  const item = named(agent, rest);
  item.pinned = pinned;
  requeue(agent.items);
  agent.listeners.changed(item);
}

function drop(agent, items) {
  agent.items = agent.items.filter((item) => !items.includes(item));
  agent.streams = agent.streams.filter((stream) => agent.find(stream.protocol, stream.id));
  requeue(agent.items);
  agent.listeners.gone(...items);
  return { items: items.length, freed: items.reduce((sum, item) => sum + item.disk, 0), pinned: 0 };
}

function remove(agent, rest) {
  const item = named(agent, rest);
  if (item.pinned) throw new Refusal(409, 'pinned', 'it is pinned; unpin it first');
  return drop(agent, [item]);
}

function sites(agent) {
  const disk = agent.items.reduce((sum, item) => sum + item.disk, 0);
  return agent.items.length
    ? SITES.map(([site, evidence], at) => ({
        site: agent.scenario.hostile && site ? `${site}<img src=x onerror=window.ran=1>\u202e` : site,
        evidence,
        items: 4 + at * 3,
        served: Math.floor(disk / (at + 1)),
        disk: Math.floor(disk / (at + 2)),
        only: at % 3 === 2 ? 0 : Math.floor(disk / (at + 9)),
      }))
    : [];
}

function purge(agent, site) {
  const items = agent.items.filter((item, at) => at % 9 === 2 && !item.pinned);
  agent.purged = site;
  return drop(agent, items);
}

function collect(agent, { upto }) {
  const done = {
    at: Math.floor(Date.now() / 1000),
    reason: 'asked',
    freed: upto === undefined ? 1e8 : Math.max(0, agent.disk().used - upto),
    chunks: 90,
    items: 3,
    took_ms: 12,
  };
  agent.collections.unshift(done);
  agent.listeners.send('collection', done);
  return done;
}

function configure(agent, changes) {
  const restart = [];
  for (const [key, value] of Object.entries(changes)) {
    const setting = agent.settings.find((each) => each.key === key);
    if (!setting?.writable) throw new Refusal(409, 'not-writable', `${key} is set elsewhere`);
    if (setting.type === 'size' && value !== null && !/^\d+(\.\d+)? ?[kMGT]?B?$/.test(value))
      throw new Refusal(400, 'bad-setting', `${key}: "${value}" is not a size; write 20GB or 300MB`);
    setting.value = value ?? setting.default;
    setting.from = value === null ? 'default' : 'file';
    setting.pending = !setting.live;
    if (!setting.live) restart.push(key);
  }
  agent.listeners.send('settings', {});
  return { settings: agent.settings.filter((setting) => setting.key in changes), restart };
}

function share(agent, { paths, networks }) {
  if (paths[0].includes('missing')) throw new Refusal(400, 'bad-path', `there is nothing at ${paths[0]}`);
  const job = {
    job: agent.nextShare,
    path: paths.join(', '),
    networks,
    done: 0,
    total: 734_003_200,
    state: 'hashing',
    error: null,
    name: null,
    is_folder: false,
    files: 1,
    left_out: { hidden: 0, links: 0 },
  };
  agent.nextShare += 1;
  agent.shares.set(job.job, job);
  agent.finishShare = (each) => {
    if (each.path.includes('vanish'))
      return Object.assign(each, { state: 'failed', error: 'the file changed while it was read; share it again' });
    const id = 'c'.repeat(40);
    const url = `${agent.contentOrigin}/bittorrent/v0/stream/${id}/film.mp4`;
    const cid = `bafybei${'d'.repeat(52)}`;
    return Object.assign(each, {
      state: 'ready',
      bittorrent: { id, magnet: `magnet:?xt=urn:btih:${id}&dn=film.mp4`, url },
      ipfs: { id: cid, url: `${agent.contentOrigin}/ipfs/v0/stream/${cid}/film.mp4` },
      snippet: `<video controls src="${url}"></video>`,
    });
  };
  return { job: job.job };
}

function resolve(agent, body, type) {
  const text =
    type === 'application/x-bittorrent'
      ? body.toString('latin1').startsWith('d')
        ? 'e'.repeat(40)
        : ''
      : JSON.parse(body).text;
  const hash = /[0-9a-f]{40}/i.exec(text)?.[0].toLowerCase();
  const cid = /bafy[a-z2-7]{20,}/.exec(text)?.[0];
  if (!hash && !cid)
    throw new Refusal(400, 'bad-id', 'this is neither an infohash nor a CID; an infohash has 40 hexadecimal digits');
  const [protocol, id] = hash ? ['bittorrent', hash] : ['ipfs', cid];
  const base = `${agent.contentOrigin}/${protocol}/v0`;
  return {
    protocol,
    id,
    url: `${base}/stream/${id}`,
    files_url: `${base}/stream/${id}/?format=json`,
    playlist_url: `${base}/playlist/${id}`,
  };
}
