// Keeps the state like the agent's: one stream of events, begun anew whenever it breaks.

import { call } from './api.js';
import { listen } from './events.js';
import { keyOf } from './names.js';
import { changed, state } from './state.js';

/** The longest pause between tries, in milliseconds: an agent that was restarted is back within seconds. */
const LONGEST_PAUSE = 8000;

/** The most items that are read beyond those of the first event. */
const MOST_ITEMS = 10_000;

/** Collections that are kept to be shown. */
const MOST_COLLECTIONS = 100;

let wake = () => {};

/** Tries again now. */
export function retryNow() {
  wake();
}

/** Listens for ever. */
export async function follow() {
  let pause = 400;
  for (;;) {
    let heard = false;
    let cause = null;
    try {
      const hear = (name, data) => {
        heard = true;
        take(name, data);
      };
      await listen('/api/v0/events', hear, new AbortController().signal);
    } catch (error) {
      cause = error;
    }
    if (heard) pause = 400;
    state.crowded = cause?.status === 503;
    connection(cause?.status === 401 || cause?.status === 403 ? 'refused' : 'lost');
    // not all pages at the same moment
    await rest(pause * (0.8 + 0.4 * Math.random()));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

function rest(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

function connection(word) {
  if (state.connection === word) return;
  state.connection = word;
  changed('connection');
}

/** Takes an event. What is not known here is left alone: a newer agent may say more. */
export function take(name, data) {
  if (state.connection !== 'live') {
    connection('live');
    readOnce();
  }
  takers[name]?.(data);
}

const takers = {
  status(status) {
    state.status = status;
    changed('status');
  },
  streams({ streams }) {
    state.streams = streams;
    changed('streams');
  },
  items(told) {
    if (told.items) {
      state.items = new Map(told.items.map((item) => [keyOf(item), item]));
      state.count = told.count ?? told.items.length;
      readRest();
    } else {
      state.items ??= new Map();
      for (const item of told.changed ?? []) state.items.set(keyOf(item), item);
      for (const key of told.removed ?? []) {
        state.items.delete(key);
        state.leaving.delete(key);
      }
      state.count = Math.max(told.count ?? 0, state.items.size);
    }
    changed('items');
  },
  collection(collection) {
    state.collections = [collection, ...(state.collections ?? [])].slice(0, MOST_COLLECTIONS);
    changed('collections');
  },
  settings() {
    changed('settings');
  },
  share(job) {
    state.shares ??= new Map();
    if (job.state === 'gone') state.shares.delete(job.job);
    else state.shares.set(job.job, { ...state.shares.get(job.job), ...job });
    changed('shares');
  },
};

/** What the stream does not begin with. A failure leaves what was known: views say that it is missing. */
export async function readOnce() {
  const [collections, shares] = await Promise.allSettled([call('GET', '/collections'), call('GET', '/shares')]);
  if (collections.status === 'fulfilled') state.collections = collections.value.collections;
  if (shares.status === 'fulfilled') state.shares = new Map(shares.value.shares.map((job) => [job.job, job]));
  state.missing = { collections: collections.reason, shares: shares.reason };
  changed('collections', 'shares');
}

/** Reads the items that were too many for one event. */
async function readRest() {
  const { items } = state;
  while (items === state.items && items.size < Math.min(state.count, MOST_ITEMS)) {
    const before = items.size;
    const part = await call('GET', `/items?offset=${before}&limit=1000`).catch(() => null);
    if (!part || items !== state.items) return;
    for (const item of part.items) if (!items.has(keyOf(item))) items.set(keyOf(item), item);
    state.count = part.total ?? state.count;
    changed('items');
    // the order moved meanwhile, and this part was all known
    if (items.size === before) return;
  }
}
