// Calls of the management plane. The token is in the page, which only this origin can read.

const token = document.querySelector('meta[name=token]')?.content ?? '';
const BASE = '/api/v0';

/** How long an answer may take, in milliseconds; nothing that is called here waits for a network. */
const PATIENCE = 20_000;

/** A call that failed. `detail` is a sentence for people that names the cure, `reason` a word for programs. */
export class Problem extends Error {
  constructor(status, reason, detail) {
    super(detail);
    this.status = status;
    this.reason = reason;
    this.detail = detail;
  }
}

/** The headers of every call. */
export function headers(more = {}) {
  return { Authorization: `Bearer ${token}`, ...more };
}

/** The address of an item's calls. */
export function itemPath({ protocol, id }) {
  return `/items/${encodeURIComponent(protocol)}/${encodeURIComponent(id)}`;
}

/** Calls, and gives the JSON that comes back; `undefined` where there is none. */
export async function call(method, path, body, { type = 'application/json', keepalive = false } = {}) {
  const options = { method, headers: headers(), cache: 'no-store', keepalive };
  // a page that closes cannot wait, and a signal would end what it sends off
  if (!keepalive) options.signal = AbortSignal.timeout(PATIENCE);
  if (body !== undefined) {
    options.headers['Content-Type'] = type;
    options.body = type === 'application/json' ? JSON.stringify(body) : body;
  }
  return answered(() => fetch(BASE + path, options));
}

/** Reads JSON from the content plane; fetching what it names may take as long as the network does. */
export async function content(url, signal) {
  return answered(() => fetch(url, { signal, headers: { Accept: 'application/json' }, cache: 'no-store' }));
}

async function answered(ask) {
  let answer;
  try {
    answer = await ask();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    const late = error.name === 'TimeoutError';
    throw new Problem(
      0,
      late ? 'late' : 'unreachable',
      late ? 'The agent took too long to answer. Try again.' : 'The agent does not answer. Is it running?',
    );
  }
  if (!answer.ok) throw await problem(answer);
  return await answer.text().then((text) => (text ? JSON.parse(text) : undefined));
}

/** What a failed answer says of itself. */
async function problem(answer) {
  const told = await answer.json().catch(() => null);
  if (answer.status === 401) {
    return new Problem(401, 'unauthorized', 'The token of this page is not valid any more. Reload the page.');
  }
  const detail = told?.detail ? sentence(told.detail) : `The agent answered ${answer.status}.`;
  return new Problem(answer.status, told?.reason ?? 'failed', detail);
}

/** Details are written as parts of a log line; on a page they are sentences. */
function sentence(text) {
  const cut = String(text).slice(0, 600).trim();
  // a key such as disk.limit keeps its own spelling
  const first = /^[a-z]+[\s,;]/.test(cut) ? cut.charAt(0).toUpperCase() + cut.slice(1) : cut;
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}
