// What is known, and who wants to hear of changes. Listeners are called once per frame at most,
// however much came in, so that a burst of events costs one update.

/** Everything views read. Only feed.js and undo.js write it. */
export const state = {
  /** "connecting", "live", "lost" or "refused". */
  connection: 'connecting',
  /** Whether the agent answers, but has too many listeners. */
  crowded: false,
  status: null,
  streams: null,
  /** Items by key; null until the first came. */
  items: null,
  /** Number of items there are, which may be more than were told. */
  count: 0,
  collections: null,
  shares: null,
  /** Why collections or shares could not be read, by their name. */
  missing: {},
  /** Keys of items whose removal is waiting for an undo. */
  leaving: new Set(),
  /** What POST /resolve said since the page was opened, by key: it carries hints such as trackers. */
  resolved: new Map(),
};

const listeners = new Map();
const pending = new Set();
let frame = 0;

/** Calls `listener` after changes of a topic, a frame later; gives a function that ends it. */
export function on(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  return () => listeners.get(topic).delete(listener);
}

/** Says that topics changed. In a tab that is not seen nothing is drawn until it is. */
export function changed(...topics) {
  for (const topic of topics) pending.add(topic);
  frame ||= requestAnimationFrame(deliver);
}

function deliver() {
  frame = 0;
  // a listener of two topics runs once
  const due = new Set();
  for (const topic of pending) for (const listener of listeners.get(topic) ?? []) due.add(listener);
  pending.clear();
  for (const listener of due) listener();
}

/** Items as views show them: without those that are about to go. */
export function itemList() {
  const list = [];
  for (const [key, item] of state.items ?? []) if (!state.leaving.has(key)) list.push(item);
  return list;
}
