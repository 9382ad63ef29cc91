// The dashboard: the frame around the views, and which of them is shown.

import { button, el, fill, say, setIcon } from './lib/dom.js';
import { follow, retryNow } from './lib/feed.js';
import { bytes, percent } from './lib/format.js';
import { route } from './lib/router.js';
import { changed, on, state } from './lib/state.js';
import { announce, finishAll, undoNewest } from './lib/tell.js';
import { meter } from './parts/meter.js';
import { openBox } from './parts/openbox.js';
import { note } from './parts/spark.js';

/** What each view is loaded by, when it is wanted. */
const views = {
  overview: () => import('./views/overview.js'),
  items: () => import('./views/items.js'),
  item: () => import('./views/item.js'),
  streams: () => import('./views/streams.js'),
  sites: () => import('./views/sites.js'),
  sharing: () => import('./views/sharing.js'),
  settings: () => import('./views/settings.js'),
  collections: () => import('./views/collections.js'),
};

/** The entry of the navigation that a view belongs to, where it has none of its own. */
const belongs = { item: 'items', collections: 'overview' };

const main = document.getElementById('main');
let shown = null;
let ends = [];

/** Shows the view that the address names; the same view with another query is only told. */
async function turn({ first = false } = {}) {
  const { name, parts, query } = route();
  const known = Object.hasOwn(views, name) ? name : 'overview';
  const place = [known, ...parts].join('/');
  if (place === shown) return changed('route');
  shown = place;
  for (const end of ends) end();
  ends = [];
  const view = await views[known]().catch(unloaded);
  // somebody was quicker
  if (place !== shown) return undefined;
  const heading = el('h1', { tabindex: '-1' }, view.title);
  main.className = `view-${known}`;
  fill(main, heading);
  setTitle(view.title);
  for (const link of document.querySelectorAll('.views a')) {
    if (link.hash === `#/${belongs[known] ?? known}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  view.view(main, context(parts, query));
  if (first) return undefined;
  scrollTo(0, 0);
  // a screen reader begins to read here, and the tab key goes on from here
  heading.focus({ preventScroll: true });
  return undefined;
}

/** What stands for a view that could not be loaded. */
function unloaded() {
  return {
    title: 'Not loaded',
    view(place) {
      place.append(
        el('p', null, 'The agent does not answer, and this view was not loaded before.'),
        el('p', null, button('Reload', { kind: 'plain', onclick: () => location.reload() })),
      );
    },
  };
}

/** What a view is given: everything that it starts ends with it. */
function context(parts, query) {
  const keep = (end) => ends.push(end);
  return {
    parts,
    query,
    setTitle,
    cleanup: keep,
    on(topic, ...listeners) {
      for (const listener of listeners) {
        keep(on(topic, listener));
        // what is known already is shown at once
        if (topic !== 'route') listener();
      }
    },
    every(seconds, act) {
      const timer = setInterval(act, seconds * 1000);
      keep(() => clearInterval(timer));
    },
  };
}

function setTitle(title) {
  document.title = `${title} · universal-p2p`;
}

/** The small gauge beside the navigation: how full it is, from everywhere. */
function sideGauge() {
  const [bar, setBar] = meter({ legend: false });
  const words = el('p', null, '\u00a0');
  fill(document.getElementById('gauge'), words, bar);
  on('status', () => {
    const { disk } = state.status;
    setBar(disk);
    say(words, `${percent(disk.used, disk.limit)} of ${bytes(disk.limit)}`);
  });
}

/** Says whether what is seen is what is so. */
function connection() {
  const node = document.getElementById('connection');
  const words = node.querySelector('span');
  const lost = document.getElementById('lost');
  const text = lost.querySelector('p');
  let timer = 0;
  lost.append(button('Try now', { kind: 'plain', onclick: retryNow }));
  on('connection', () => {
    const { connection: now } = state;
    node.dataset.state = now;
    say(words, { connecting: 'Connecting', live: 'Live', lost: 'Not connected', refused: 'Refused' }[now]);
    clearTimeout(timer);
    if (now === 'live') {
      if (!lost.hidden) announce('Connected again');
      lost.hidden = true;
      document.body.classList.remove('stale');
      return;
    }
    // an agent that restarts at once is nothing to be told about
    timer = setTimeout(
      () => {
        say(
          text,
          now === 'refused'
            ? 'The agent does not accept this page any more. Reload it.'
            : state.crowded
              ? 'Too many dashboards are open. Close one, and this one goes on.'
              : 'The agent does not answer. What you see is what was so. It is tried again by itself.',
        );
        lost.hidden = false;
        document.body.classList.add('stale');
        announce(text.textContent);
      },
      now === 'refused' ? 0 : 1500,
    );
  });
}

/** Follows the system, until somebody chooses. */
function themeSwitch() {
  const node = document.getElementById('theme');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark';
  const tell = () => {
    setIcon(node.querySelector('svg'), isDark() ? 'sun' : 'moon');
    const words = isDark() ? 'Light colours' : 'Dark colours';
    say(node.querySelector('.unseen'), words);
    node.title = words;
  };
  node.addEventListener('click', () => {
    const wanted = isDark() ? 'light' : 'dark';
    // back to what the system says is back to following it
    const follows = (dark.matches ? 'dark' : 'light') === wanted;
    if (follows) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = wanted;
    try {
      if (follows) localStorage.removeItem('theme');
      else localStorage.setItem('theme', wanted);
    } catch {
      // it holds for this page then
    }
    tell();
  });
  dark.addEventListener('change', tell);
  tell();
}

/** Keys that work everywhere. */
function keys() {
  addEventListener('keydown', (event) => {
    const typing = event.target.closest?.('input:not([type=checkbox]), textarea, select, dialog');
    if (typing || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'z') {
      if (undoNewest()) event.preventDefault();
    } else if (event.key === '/' && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      (
        document.getElementById('search') ??
        document.getElementById('setting-search') ??
        document.getElementById('paste')
      ).focus();
    }
  });
}

document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.querySelector('h1').focus();
});
addEventListener('pagehide', finishAll);
addEventListener('hashchange', () => turn());
themeSwitch();
sideGauge();
connection();
keys();
openBox(document.getElementById('open'));
setInterval(note, 1000);
follow();
await turn({ first: true });
// for measurements: from here on every button does what it says
performance.mark('interactive');
// what the state alone can show is to be had while the agent is away too
const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 500));
idle(() => [views.items, views.item].forEach((load) => load().catch(() => {})));
