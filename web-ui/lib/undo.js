// Removing is undone by not having done it: the call is made a moment later, unless somebody objects.

import { call, itemPath } from './api.js';
import { bytes } from './format.js';
import { itemName, keyOf, shown } from './names.js';
import { changed, state } from './state.js';
import { failed, notice } from './tell.js';

let closing = false;
addEventListener('pagehide', () => {
  closing = true;
});
// a page that was left may be come back to
addEventListener('pageshow', () => {
  closing = false;
});

/** Shows `text` with an undo, then runs `run(options)`; `back` restores what is shown. */
function later(text, run, back) {
  notice(text, {
    action: 'Undo',
    act: back,
    gone: async () => {
      try {
        const done = await run({ keepalive: closing });
        if (done) notice(done, { stay: 3000 });
      } catch (error) {
        back();
        failed('Not done', error);
      }
    },
  });
}

/** Removes an item: gone from every list at once, from the disk when nobody has objected. */
export function removeItem(item) {
  const key = keyOf(item);
  if (state.leaving.has(key)) return;
  const name = shown(itemName(item), 60);
  state.leaving.add(key);
  changed('items');
  const back = () => {
    state.leaving.delete(key);
    changed('items');
  };
  later(
    `Removed ${name}.`,
    async (options) => {
      const removed = await call('DELETE', itemPath(item), undefined, options);
      state.items?.delete(key);
      back();
      return `Freed ${bytes(removed?.freed ?? 0)}.`;
    },
    back,
  );
}

/** Purges what only one site asked for. */
export function purgeSite(site, hide, back) {
  hide();
  later(
    `Removed what only ${shown(site, 60)} asked for.`,
    async (options) => {
      const removed = await call('DELETE', `/sites/${encodeURIComponent(site)}`, undefined, options);
      back();
      return `Freed ${bytes(removed?.freed ?? 0)}.`;
    },
    back,
  );
}

/** Ends sharing. The files themselves are the user's own and are never touched. */
export function unshare(job, hide, back) {
  hide();
  later(
    'Not shared any more. Your files are untouched.',
    async (options) => {
      await call('DELETE', `/shares/${encodeURIComponent(job)}`, undefined, options);
      state.shares?.delete(job);
      changed('shares');
    },
    back,
  );
}
