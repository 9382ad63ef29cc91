// A mock of the agent: both planes, with data that is always the same, and faults on demand.
// It keeps to the management API as the dashboard knows it; the same scripts run against the real one.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { api } from './api.mjs';
import { content } from './content.mjs';
import { SETTINGS, makeCollections, makeItems, makeStreams, requeue } from './data.mjs';
import { Listeners } from './events.mjs';

/** Longer than any test. */
const FOREVER = 3_600_000;

const TOKEN = 'mock-token-0123456789';
const folder = fileURLToPath(new URL('../../../web-ui/', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Starts an agent.
 * `scenario`: { items, streams, hostile, collections, restless (items that change each second),
 *   slow (ms for each call), held (finding files and hashing end with `hurry`) }.
 */
export async function mockAgent(scenario = {}) {
  const agent = await new Agent(scenario).listen();
  return agent;
}

class Agent {
  constructor(scenario) {
    const { items = 30, streams = 4, hostile = false, collections = 12 } = scenario;
    this.scenario = scenario;
    this.token = TOKEN;
    this.started = Math.floor(Date.now() / 1000) - 86_500;
    const now = Math.floor(Date.now() / 1000);
    this.items = makeItems(items, { hostile, now });
    this.streams = makeStreams(streams, this.items, { hostile, now });
    requeue(this.items);
    this.collections = items ? makeCollections(collections, now) : [];
    this.settings = structuredClone(SETTINGS);
    this.shares = new Map();
    this.nextShare = 1;
    /** Items whose list of files is asked of the network first, by id. */
    this.unknown = new Set();
    /** Calls that were answered, as "METHOD path". */
    this.calls = [];
    /** Faults by "METHOD path-prefix": { status, reason, detail, times }. */
    this.faults = new Map();
    this.listeners = new Listeners(this);
    this.hurried = new AbortController();
  }

  /** What a slow agent does before it answers. */
  async think() {
    if (this.scenario.slow) await setTimeout(this.scenario.slow, undefined, { signal: this.hurried.signal }).catch(() => {});
  }

  /** How long it takes to find something, in milliseconds; of an agent that is held, until it is hurried. */
  async search(usual) {
    const time = this.isHeld() ? FOREVER : usual;
    await setTimeout(time, undefined, { signal: this.hurried.signal }).catch(() => {});
  }

  isHeld() {
    return Boolean(this.scenario.held) && !this.hurried.signal.aborted;
  }

  /** An agent that is slow or held is so no more. */
  hurry() {
    this.hurried.abort();
  }

  /** The disk report. */
  disk() {
    const held = this.items.reduce((sum, item) => sum + item.disk, 0);
    const of = (test) => this.items.filter(test).reduce((sum, item) => sum + item.disk, 0);
    const own = 21e6;
    const documents = this.items.length * 40_000;
    return {
      limit: Math.max(20e9, Math.ceil((held * 1.06) / 1e9) * 1e9),
      keep_free: 5e9,
      used: held + own + documents,
      free: 148.3e9,
      pinned: of((item) => item.pinned),
      in_use: of((item) => !item.pinned && item.streams > 0),
      documents,
      own,
      items: this.items.length,
      streams: this.streams.length,
      counted: true,
      last_collection: this.collections[0] ?? null,
    };
  }

  status() {
    return {
      version: '0.7.0',
      content: this.contentOrigin,
      uptime_seconds: Math.floor(Date.now() / 1000) - this.started,
      started: this.started,
      disk: this.disk(),
      networks: [
        { protocol: 'bittorrent', enabled: true, peers: 87 },
        { protocol: 'ipfs', enabled: true, peers: 24 },
      ],
    };
  }

  find(protocol, id) {
    return this.items.find((item) => item.protocol === protocol && item.id === id);
  }

  /** A fault for what is called, once or as often as `times` says. */
  fail(call, fault) {
    this.faults.set(call, {
      times: 1,
      status: 500,
      reason: 'internal',
      detail: 'the agent failed; its log says why',
      ...fault,
    });
  }

  faultOf(call) {
    for (const [prefix, fault] of this.faults) {
      if (!call.startsWith(prefix)) continue;
      fault.times -= 1;
      if (fault.times <= 0) this.faults.delete(prefix);
      return fault;
    }
    return null;
  }

  async listen({ port = 0, contentPort = 0 } = {}) {
    this.contentServer = createServer((request, response) => content(this, request, response));
    this.contentOrigin = await bound(this.contentServer, contentPort);
    this.server = createServer((request, response) => this.answer(request, response));
    this.origin = await bound(this.server, port);
    this.listeners.start();
    return this;
  }

  async answer(request, response) {
    const url = new URL(request.url, this.origin);
    if (url.pathname.startsWith('/api/v0/')) return api(this, request, response, url);
    const path = url.pathname === '/' ? 'index.html' : url.pathname.slice(1);
    const text = path.includes('..') ? null : await readFile(folder + path, 'utf8').catch(() => null);
    if (text === null) {
      response.writeHead(404).end();
      return undefined;
    }
    const here = this.contentOrigin;
    response.writeHead(200, {
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      'Cache-Control': path === 'index.html' ? 'no-store' : 'no-cache',
      'Content-Security-Policy':
        `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' ${here}; media-src ${here}; ` +
        `connect-src 'self' ${here}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    });
    response.end(path === 'index.html' ? text.replace('{{token}}', this.token) : text);
    return undefined;
  }

  /** Ends like a killed agent; `again` starts it on the same ports. */
  async stop() {
    this.hurry();
    this.listeners.stop();
    for (const server of [this.server, this.contentServer]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  async again() {
    await this.listen({
      port: Number(new URL(this.origin).port),
      contentPort: Number(new URL(this.contentOrigin).port),
    });
  }
}

function bound(server, port) {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}

// by hand: node tests/browser/mock/agent.mjs '{"items":1000,"streams":50}'
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const agent = await mockAgent(JSON.parse(process.argv[2] ?? '{}'));
  console.log(agent.origin);
}
