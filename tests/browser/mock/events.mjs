// The event stream of the mock, and the life behind it: streams move, items grow.

import { keyOf } from './api.mjs';
import { random } from './data.mjs';

/** How often something happens, in milliseconds. */
const TICK = 1000;

export class Listeners {
  constructor(agent) {
    this.agent = agent;
    this.open = new Set();
    this.number = 0;
    this.next = random(17);
  }

  start() {
    this.timer = setInterval(() => this.tick(), this.agent.scenario.tick ?? TICK);
  }

  stop() {
    clearInterval(this.timer);
    this.breakAll();
  }

  /** Breaks every stream in the middle of an event, as a dying connection does. */
  breakAll() {
    for (const response of this.open) {
      response.write('event: status\ndata: {"vers');
      response.destroy();
    }
    this.open.clear();
  }

  add(response) {
    const { agent } = this;
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    this.open.add(response);
    response.on('close', () => this.open.delete(response));
    const begin = () => {
      this.send('status', agent.status(), [response]);
      this.send('streams', { streams: agent.streams }, [response]);
      this.send('items', { items: agent.items.slice(0, 1000), count: agent.items.length }, [response]);
    };
    agent.think().then(begin);
  }

  send(name, data, to = this.open) {
    this.number += 1;
    const text = `id: ${this.number}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const response of to) response.write(text);
  }

  changed(...items) {
    this.send('items', { changed: items, removed: [] });
    this.send('status', this.agent.status());
  }

  gone(...items) {
    this.send('items', { changed: [], removed: items.map(keyOf) });
    this.send('status', this.agent.status());
  }

  tick() {
    const { agent, next } = this;
    if (!this.open.size || agent.scenario.still) return;
    const touched = new Set();
    for (const stream of agent.streams) {
      if (!stream.waits_for) {
        stream.speed = Math.max(1e5, Math.floor(stream.speed * (0.85 + 0.3 * next())));
        stream.position = (stream.position + stream.speed) % stream.length;
        stream.served += stream.speed;
      }
      const item = agent.find(stream.protocol, stream.id);
      if (!item) continue;
      item.last_access = Math.floor(Date.now() / 1000);
      item.served += stream.speed;
      item.disk = Math.min(item.length ?? 5e8, item.disk + Math.floor(stream.speed * 0.6));
      touched.add(item);
    }
    for (let at = 0; at < (agent.scenario.restless ?? 0) && at < agent.items.length; at += 1) {
      const item = agent.items[at];
      item.served += Math.floor(next() * 1e6);
      item.disk = Math.max(0, Math.floor(item.disk * (0.995 + 0.01 * next())));
      touched.add(item);
    }
    this.send('status', agent.status());
    if (agent.streams.length) this.send('streams', { streams: agent.streams });
    if (touched.size) this.send('items', { changed: [...touched], removed: [] });
    for (const job of agent.shares.values()) {
      if (job.state !== 'hashing') continue;
      if (job.done && agent.isHeld()) continue;
      job.done = Math.min(job.total, job.done + job.total / 4);
      if (job.done === job.total) agent.finishShare(job);
      this.send('share', job);
    }
  }
}
