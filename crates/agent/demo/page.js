// What the page does besides showing: buttons that copy addresses, and how far the agent is.
'use strict';

for (const input of document.querySelectorAll('label > input')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy: ${input.parentElement.textContent.trim()}`);
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(input.value);
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
  input.addEventListener('focus', () => input.select());
  input.after(button);
}

const kilobytes = (bytes) => `${Math.round(bytes / 1000).toLocaleString('en')} kB`;

/** One line on what the agent has of the files in a network. */
const line = ({ bytes_held: held, length, peers }) => {
  const all = length ? ` of ${kilobytes(length)}` : '';
  return `${kilobytes(held)}${all} · ${peers} ${peers === 1 ? 'peer' : 'peers'}`;
};

/** Tells what the agent has. Asking for it starts nothing. */
const look = async () => {
  const { agent } = document.querySelector('script[data-agent]').dataset;
  for (const told of document.querySelectorAll('[data-status]')) {
    const asked = await fetch(agent + told.dataset.status).catch(() => undefined);
    const text = asked?.ok ? line(await asked.json()) : 'the agent does not answer';
    if (text !== told.textContent) told.textContent = text;
  }
  setTimeout(look, 1000);
};

addEventListener('DOMContentLoaded', look);
