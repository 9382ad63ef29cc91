// Plays a file in the page. The room it takes is kept from the start, so that nothing jumps.

import { button, el, fill, say } from '../lib/dom.js';
import { mediaKind } from '../lib/media.js';
import { named, shown } from '../lib/names.js';
import { copyButton } from './pieces.js';

/** A player; `close` is called when the user closes it. */
export function player({ close }) {
  const stage = el('div.stage');
  const title = el('h2.player-title');
  const trouble = el('p.player-trouble', { role: 'alert' });
  const closing = button('Close player', { symbol: 'close', bare: true, onclick: end });
  const copying = el('span');
  const element = el(
    'section.player',
    { 'aria-label': 'Player', hidden: true },
    el('div.player-head', null, title, copying, closing),
    stage,
    trouble,
  );
  let opened = null;

  function open(file) {
    stop();
    opened = file.url;
    const kind = mediaKind(file.name);
    fill(title, named(file.name, 160));
    fill(copying, copyButton('Copy URL', file.url, { bare: true, symbol: 'link' }));
    say(trouble, '');
    const media =
      kind === 'image'
        ? el('img', { src: booked(file.url), alt: shown(file.name, 160) })
        : el(kind, { src: booked(file.url), controls: true, autoplay: true, 'aria-label': shown(file.name, 160) });
    media.addEventListener('error', () => explain(file));
    stage.dataset.kind = kind;
    fill(stage, media);
    element.hidden = false;
    element.scrollIntoView({ block: 'nearest' });
    (kind === 'image' ? closing : media).focus({ preventScroll: true });
  }

  /** A media element only says that it failed; the content plane says why. */
  async function explain({ url }) {
    if (url !== opened) return;
    const answer = await fetch(url, { headers: { Range: 'bytes=0-0', Accept: 'application/json' } }).catch(() => null);
    const told = answer && !answer.ok ? await answer.json().catch(() => null) : null;
    if (url !== opened) return;
    say(
      trouble,
      told?.detail
        ? `It does not play: ${told.detail}.`
        : answer?.ok
          ? 'This browser cannot play this format. Copy the URL and open it in a player such as mpv or VLC.'
          : 'The agent does not answer.',
    );
  }

  /** A stream is only ended when its source is taken away. */
  function stop() {
    const media = stage.firstElementChild;
    media?.removeAttribute('src');
    media?.load?.();
    opened = null;
    fill(stage);
  }

  function end() {
    stop();
    element.hidden = true;
    close();
  }

  return { element, open, stop };
}

/** The page sends no referrer: what is played here is booked to the dashboard, not to nobody. */
function booked(url) {
  const address = new URL(url);
  address.searchParams.set('from', 'dashboard');
  return address.href;
}
