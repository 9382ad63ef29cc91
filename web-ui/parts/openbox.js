// The box where one pastes what somebody gave one, or drops a .torrent file on the window.

import { call } from '../lib/api.js';
import { attribute, say } from '../lib/dom.js';
import { itemHref, keyOf } from '../lib/names.js';
import { go } from '../lib/router.js';
import { state } from '../lib/state.js';
import { announce } from '../lib/tell.js';

/** The longest .torrent that is sent on, in bytes. */
const LONGEST_TORRENT = 16e6;

/** Wires the form of index.html. */
export function openBox(form) {
  const input = form.querySelector('input[type=text]');
  const chooser = form.querySelector('input[type=file]');
  const problem = form.querySelector('.open-problem');
  const curtain = document.getElementById('curtain');

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    resolveText();
  });
  input.addEventListener('input', () => clear());
  // pasting into the empty box is already the whole wish
  input.addEventListener('paste', () => {
    if (!input.value) setTimeout(resolveText);
  });
  form.querySelector('.choose').addEventListener('click', () => chooser.click());
  chooser.addEventListener('change', () => {
    if (chooser.files[0]) resolveFile(chooser.files[0]);
    chooser.value = '';
  });

  let depth = 0;
  const carriesFile = (event) => event.dataTransfer?.types.includes('Files');
  addEventListener('dragenter', (event) => {
    if (!carriesFile(event)) return;
    depth += 1;
    curtain.hidden = false;
  });
  addEventListener('dragleave', (event) => {
    if (!carriesFile(event)) return;
    depth = Math.max(0, depth - 1);
    curtain.hidden = depth > 0 ? curtain.hidden : true;
  });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    curtain.hidden = true;
    const file = event.dataTransfer.files[0];
    if (file) resolveFile(file);
    else if (event.target !== input) {
      input.value = event.dataTransfer.getData('text');
      resolveText();
    }
  });

  function resolveText() {
    const text = input.value.trim();
    if (!text) return refuse('Paste an infohash, a magnet link, a CID, an IPNS name or a link.');
    return resolve(text.length > 8000 ? null : { text });
  }

  function resolveFile(file) {
    if (file.size > LONGEST_TORRENT) return refuse('This is too large for a .torrent file.');
    return resolve(file, 'application/x-bittorrent');
  }

  async function resolve(body, type) {
    if (!body) return refuse('This is too long for any address.');
    clear();
    form.classList.add('busy');
    try {
      const found = await call('POST', '/resolve', body, { type });
      // the answer carries trackers and peers that the address of the view does not
      state.resolved.set(keyOf(found), { ...found, fresh: true });
      input.value = '';
      announce('Opened');
      go(itemHref(found));
    } catch (error) {
      refuse(error.detail ?? error.message);
    } finally {
      form.classList.remove('busy');
    }
  }

  function refuse(text) {
    say(problem, text);
    problem.hidden = false;
    attribute(input, 'aria-invalid', 'true');
    input.focus();
  }

  function clear() {
    problem.hidden = true;
    say(problem, '');
    attribute(input, 'aria-invalid', null);
  }
}
