// Asks before what cannot be undone. Everything else is done, and can be undone.

import { button, el } from '../lib/dom.js';

/** Asks; true where it is to be done. The cautious answer has the focus. */
export function confirmed({ title, text, action }) {
  return new Promise((resolve) => {
    const answer = (value) => () => dialog.close(value);
    const cancel = button('Cancel', { kind: 'plain', onclick: answer('') });
    const dialog = el(
      'dialog',
      { 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-text' },
      el('h2', { id: 'dialog-title' }, title),
      el('p', { id: 'dialog-text' }, text),
      el('p.actions', null, cancel, button(action, { kind: 'danger', onclick: answer('yes') })),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
    cancel.focus();
  });
}
