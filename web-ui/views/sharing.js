// Sharing: a file or folder of the user's becomes addresses that anybody can use.

import { call } from '../lib/api.js';
import { attribute, button, el, fill, say, show, variable } from '../lib/dom.js';
import { readOnce } from '../lib/feed.js';
import { bytes, percent, plural } from '../lib/format.js';
import { shown } from '../lib/names.js';
import { changed, state } from '../lib/state.js';
import { unshare } from '../lib/undo.js';
import { contentUrl, copyButton, empty, loading, section, trouble } from '../parts/pieces.js';

export const title = 'Sharing';

export function view(main, { on }) {
  const [fresh, freshPlace] = section('Share a file or folder');
  freshPlace.append(shareForm());
  const [shared, place] = section('Shared');
  place.append(loading(2, 'Loading what is shared'));
  main.append(fresh, shared);
  const leaving = new Set();
  const cards = new Map();
  const list = el('div.cards');
  const nothing = empty(
    'share',
    'Nothing is shared',
    'A file or folder becomes a torrent and an IPFS address. It is read where it lies and not copied.',
  );

  function draw() {
    if (!state.shares) {
      if (state.missing.shares) fill(place, trouble(state.missing.shares, readOnce));
      return;
    }
    const jobs = [...state.shares.values()]
      .filter((job) => !leaving.has(job.job))
      .sort((one, other) => other.job - one.job);
    const wanted = jobs.length ? list : nothing;
    if (place.firstChild !== wanted) fill(place, wanted);
    const seen = new Set(jobs.map((job) => job.job));
    for (const [number, made] of cards) {
      if (seen.has(number)) continue;
      made.element.remove();
      cards.delete(number);
    }
    jobs.forEach((job, at) => {
      const made = cards.get(job.job) ?? cards.set(job.job, card(end)).get(job.job);
      made.update(job);
      if (list.children[at] !== made.element) list.insertBefore(made.element, list.children[at] ?? null);
    });
  }
  function end({ job }) {
    const hide = (gone) => () => {
      if (gone) leaving.add(job);
      else leaving.delete(job);
      draw();
    };
    unshare(job, hide(true), hide(false));
  }
  on('shares', draw);
}

/** Paths are typed: a page is never told where a chosen file lies. */
function shareForm() {
  const area = el('textarea', {
    id: 'paths',
    rows: '2',
    spellcheck: 'false',
    autocomplete: 'off',
    placeholder: '/home/me/film.mp4',
    'aria-describedby': 'paths-hint paths-problem',
  });
  const networks = [
    ['bittorrent', 'BitTorrent'],
    ['ipfs', 'IPFS'],
  ].map(([word, label]) => [word, el('input', { type: 'checkbox', id: `share-${word}`, checked: true }), label]);
  const problem = el('p.field-problem', { id: 'paths-problem', role: 'alert' });
  const sending = button('Share', { kind: 'primary', symbol: 'share', onclick: send });
  async function send() {
    const paths = area.value
      .split('\n')
      .map((path) => path.trim().replace(/^file:\/\//, ''))
      .filter(Boolean);
    const chosen = networks.filter(([, box]) => box.checked).map(([word]) => word);
    const wrong = !paths.length
      ? 'Write the path of a file or folder.'
      : paths.some((path) => !/^(\/|[a-z]:[\\/])/i.test(path))
        ? 'Write the whole path, from the root on.'
        : !chosen.length
          ? 'Choose a network at least.'
          : '';
    if (wrong) return refuse(wrong);
    say(problem, '');
    sending.disabled = true;
    try {
      const { job } = await call('POST', '/share', { paths, networks: chosen });
      // events may have told of it already
      state.shares ??= new Map();
      if (!state.shares.has(job))
        state.shares.set(job, { job, path: paths.join(', '), done: 0, total: 0, state: 'hashing' });
      changed('shares');
      area.value = '';
    } catch (error) {
      refuse(error.detail ?? error.message);
    } finally {
      sending.disabled = false;
    }
  }
  function refuse(text) {
    say(problem, text);
    area.focus();
  }
  area.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
  });
  return el(
    'form.card.share-form',
    { 'aria-label': 'Share', onsubmit: (event) => event.preventDefault() },
    el('label', { for: 'paths' }, 'Paths on this machine'),
    area,
    el(
      'p.hint',
      { id: 'paths-hint' },
      'One a line. Everybody who has the address can fetch what is shared, as long as the agent runs.',
    ),
    problem,
    el(
      'div.actions',
      null,
      networks.map(([word, box, label]) => el('label.check', { for: `share-${word}` }, box, label)),
      sending,
    ),
  );
}

/** One job; updated in place, so that a progress bar moves and nothing else. */
function card(end) {
  let job = null;
  const path = el('bdi.name.clip');
  const badge = el('span.badge');
  const ending = button('Stop sharing', { kind: 'plain', symbol: 'close', onclick: () => end(job) });
  const bar = el('progress', { max: '1' });
  const words = el('p.note');
  const wrong = el('p.note.bad');
  const links = el('dl.links');
  const element = el(
    'article.card.share',
    null,
    el('div.share-head', null, el('h3', null, path), badge, ending),
    bar,
    words,
    wrong,
    links,
  );
  let drawn = '';
  return {
    element,
    update(now) {
      job = now;
      say(path, shown(job.path));
      attribute(path, 'title', shown(job.path));
      const changed = job.state === 'ready' && job.error;
      attribute(badge, 'data-share', changed ? 'failed' : job.state);
      const states = { hashing: 'Hashing', ready: changed ? 'Changed' : 'Shared', failed: 'Failed' };
      say(badge, states[job.state] ?? shown(job.state, 24));
      const hashing = job.state === 'hashing';
      say(ending.querySelector('.label'), job.state === 'failed' ? 'Dismiss' : 'Stop sharing');
      show(bar, hashing);
      if (hashing && job.total) bar.value = job.done / job.total;
      attribute(bar, 'aria-label', `Hashing ${shown(job.path, 80)}`);
      say(
        words,
        hashing
          ? job.total
            ? `${bytes(job.done)} of ${bytes(job.total)}, ${percent(job.done, job.total)}`
            : 'Looking at what there is'
          : about(job),
      );
      const failed = job.state === 'failed' && 'It failed; the log says why.';
      say(wrong, shown(job.error || failed || '', 400));
      const rows = job.state === 'ready' ? linksOf(job) : [];
      const text = JSON.stringify(rows);
      if (text === drawn) return;
      drawn = text;
      fill(
        links,
        rows.map(([label, value, about]) =>
          el(
            'div',
            null,
            el('dt', null, label),
            el(
              'dd',
              null,
              el('code.clip', { title: shown(value) }, shown(value)),
              copyButton(`Copy ${about}`, value, { bare: true }),
            ),
          ),
        ),
      );
    },
  };
}

/** What is shared, and what of it is not. */
function about({ state: condition, total, files, is_folder: isFolder, left_out: left }) {
  if (condition === 'failed') return '';
  const parts = [isFolder ? `${plural(files, 'file')}, ${bytes(total)}` : bytes(total)];
  if (left?.hidden) parts.push(`${plural(left.hidden, 'hidden file or folder', 'hidden files or folders')} left out`);
  if (left?.links) parts.push(`${plural(left.links, 'link')} left out`);
  return parts.join(' · ');
}

function linksOf({ bittorrent, ipfs, snippet: code }) {
  const web = (url) => contentUrl(url) ?? url;
  return [
    bittorrent && ['BitTorrent URL', web(bittorrent.url), 'the BitTorrent URL'],
    bittorrent && ['Magnet link', bittorrent.magnet, 'the magnet link'],
    ipfs && ['IPFS URL', web(ipfs.url), 'the IPFS URL'],
    ipfs && ['CID', ipfs.id, 'the CID'],
    code && ['HTML', code, 'the HTML'],
  ].filter((row) => row && row[1]);
}
