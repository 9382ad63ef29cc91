// Collections: when room was made, how much, and why; and making room by hand.

import { call } from '../lib/api.js';
import { button, el, fill, say } from '../lib/dom.js';
import { readOnce } from '../lib/feed.js';
import { ago, bytes, date, number, plural } from '../lib/format.js';
import { parseSize } from '../lib/size.js';
import { state } from '../lib/state.js';
import { failed, notice } from '../lib/tell.js';
import { REASONS } from '../lib/words.js';
import { confirmed } from '../parts/dialog.js';
import { empty, loading, section, trouble } from '../parts/pieces.js';

export const title = 'Collections';

/** A list of collections, newest first. */
export function collectionRows({ most }) {
  const element = el('ul.rows.gone');
  return {
    element,
    update(collections) {
      const rows = collections.slice(0, most).map((collection) => {
        const [label, about] = REASONS[collection.reason] ?? [collection.reason, ''];
        return el(
          'li.row',
          null,
          el(
            'span.row-main',
            null,
            el('b.figure-small', null, bytes(collection.freed)),
            ` from ${plural(collection.items, 'item')}`,
            el('span.sub', null, about),
          ),
          el('span.badge', { title: about }, label),
          el(
            'time.row-end',
            { datetime: new Date(collection.at * 1000).toISOString(), title: date(collection.at) },
            ago(collection.at),
          ),
        );
      });
      fill(element, rows);
    },
  };
}

export function view(main, { on, every }) {
  const [reasons, place] = section('What went, and why');
  place.append(loading(6, 'Loading collections'));
  main.append(makeRoom(), reasons);
  const list = collectionRows({ most: 100 });
  function draw() {
    if (!state.collections) {
      if (state.missing.collections) fill(place, trouble(state.missing.collections, readOnce));
      return;
    }
    fill(
      place,
      state.collections.length
        ? list.element
        : empty(
            'broom',
            'Nothing had to go so far',
            'When the limit is near, what was not used for longest goes first: piece by piece, over all networks together.',
          ),
    );
    list.update(state.collections);
  }
  on('collections', draw);
  every(30, draw);
}

/** The form that makes room now. What goes cannot be brought back, so it asks. */
function makeRoom() {
  const hint = el(
    'p.hint',
    { id: 'room-hint' },
    'Pinned items stay, and what lies ahead of a reader. Leave it empty to go back to what the agent aims at by itself.',
  );
  const input = el('input', {
    type: 'text',
    id: 'room',
    inputmode: 'decimal',
    placeholder: '5 GB',
    autocomplete: 'off',
    'aria-describedby': 'room-hint room-problem',
  });
  const problem = el('p.field-problem', { id: 'room-problem', role: 'alert' });
  const form = el(
    'form.card.inline-form',
    { 'aria-label': 'Make room' },
    el('label', { for: 'room' }, 'Make room, down to'),
    input,
    button('Make room', { kind: 'plain', symbol: 'broom', onclick: ask }),
    hint,
    problem,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    ask();
  });
  async function ask() {
    const text = input.value.trim();
    const upto = text ? parseSize(text) : undefined;
    if (upto === null) {
      say(problem, 'Write a size such as 5 GB, 300 MB or 0.');
      input.focus();
      return;
    }
    say(problem, '');
    const used = state.status?.disk.used ?? 0;
    const amount = upto === undefined ? 'What was not used for longest' : `Up to ${bytes(Math.max(0, used - upto))}`;
    const sure = await confirmed({
      title: 'Make room now?',
      text: `${amount} is given up, and would have to be fetched again.`,
      action: 'Make room',
    });
    if (!sure) return;
    try {
      const done = await call('POST', '/collect', upto === undefined ? {} : { upto });
      notice(`Freed ${bytes(done.freed)} in ${number(done.took_ms)} ms.`);
    } catch (error) {
      failed('No room was made', error);
    }
  }
  return form;
}
