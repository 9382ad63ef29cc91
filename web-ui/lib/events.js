// Reads server-sent events by fetch: EventSource cannot send the token in a header.

import { Problem, headers } from './api.js';

/** The plane sends a comment every 15 seconds; a line that is silent for longer than this is dead. */
const SILENCE = 40_000;

/**
 * Reads the stream until it ends and calls `take(name, data)` for each event, with parsed JSON.
 * Throws a Problem where the plane refuses, and ends by itself where the connection does.
 */
export async function listen(path, take, signal) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE);
  };
  try {
    const answer = await fetch(path, {
      headers: headers({ Accept: 'text/event-stream' }),
      cache: 'no-store',
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!answer.ok) throw new Problem(answer.status, 'refused', `The agent answered ${answer.status}.`);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = parse(take);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      parser(value);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** A parser of the event stream format, as far as the plane uses it. */
export function parse(take) {
  let rest = '';
  let name = 'message';
  let data = [];
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (data.length) take(name, JSON.parse(data.join('\n')));
        name = 'message';
        data = [];
      } else if (!line.startsWith(':')) {
        const [, field, value] = /^([^:]*)(?:: ?)?(.*)$/s.exec(line);
        if (field === 'event') name = value;
        else if (field === 'data') data.push(value);
      }
    }
  };
}
