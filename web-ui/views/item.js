// One item: its files, how much of each is here, who asked for it, and why it is kept.

import { Problem, call, itemPath } from '../lib/api.js';
import { button, el, fill, icon, say, show } from '../lib/dom.js';
import { ago, bytes, date, number, percent, plural, speed } from '../lib/format.js';
import { itemName, keyOf, protocolName, shown } from '../lib/names.js';
import { route } from '../lib/router.js';
import { state } from '../lib/state.js';
import { removeItem } from '../lib/undo.js';
import { whyKept } from '../lib/words.js';
import { copyButton, evidence, pinButton, section, siteName } from '../parts/pieces.js';
import { player } from '../parts/player.js';
import { fileList } from './files.js';

/** How often peers and bars are read while something of the item moves, in milliseconds. */
const PACE = 2000;

export const title = 'Item';

export function view(main, { on, cleanup, every, parts, setTitle }) {
  const item = { protocol: parts[0] ?? '', id: parts[1] ?? '' };
  const key = keyOf(item);
  let report = null;
  let wasHere = false;

  const heading = main.querySelector('h1');
  const kind = el('span.badge', null, protocolName(item.protocol));
  const id = el('code.id', null, shown(item.id, 120));
  const condition = el('p.condition');
  const [pin, setPin] = pinButton(() => report ?? item, { bare: false });
  const removing = button('Remove', { symbol: 'trash', kind: 'plain', onclick: () => removeItem(report) });
  const playlist = el('a.button.plain', { rel: 'noopener' }, icon('items'), 'Playlist');
  const actions = el(
    'div.actions',
    null,
    pin,
    removing,
    copyButton('Copy URL', () => urls().url, { symbol: 'link' }),
    playlist,
  );
  const watch = player({ close: () => files.focus() });
  cleanup(watch.stop);
  const files = fileList({ item, urls, play: watch.open });
  cleanup(files.close);
  const [filesSection, filesPlace] = section('Files');
  filesPlace.append(files.element);
  const facts = el('dl.facts');
  const why = el('p');
  const sites = el('ul.rows');
  const [whySection, whyPlace] = section('Why it is kept');
  const [siteSection, sitePlace] = section('Who asked');
  const [factSection, factPlace] = section('Figures');
  whyPlace.append(why);
  sitePlace.append(sites);
  factPlace.append(facts);
  const aside = el('div.aside', null, whySection, factSection, siteSection);
  heading.after(el('p.identity', null, kind, id, copyButton('Copy id', item.id, { bare: true })));
  main.append(condition, actions, el('div.beside', null, el('div', null, watch.element, filesSection), aside));
  main.classList.add('view-item');

  /** Addresses of the item; those that were resolved carry trackers and peers. */
  function urls() {
    const known = state.resolved.get(key);
    const base = `${state.status?.content ?? ''}/${encodeURIComponent(item.protocol)}/v0`;
    const name = encodeURIComponent(item.id);
    return {
      url: known?.url ?? `${base}/stream/${name}`,
      files: known?.files_url ?? `${base}/stream/${name}/?format=json`,
      playlist: known?.playlist_url ?? `${base}/playlist/${name}`,
    };
  }

  async function read() {
    try {
      report = await call('GET', itemPath(item));
      wasHere = true;
      draw();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 404) report = null;
      draw(error);
    }
  }

  function draw(error = null) {
    const leaving = state.leaving.has(key);
    const name = report ? itemName(report) : shown(item.id, 60);
    say(heading, name);
    setTitle(name);
    const here = Boolean(report) && !leaving;
    show(aside, here);
    pin.disabled = leaving;
    removing.disabled = !here || report.pinned;
    removing.title = report?.pinned ? 'Pinned: unpin it to remove it' : '';
    playlist.href = urls().playlist;
    setPin(report ?? item);
    say(condition, words(error, leaving));
    condition.classList.toggle('bad', Boolean(report?.last_error) || Boolean(error && error.status !== 404));
    if (!here) return;
    say(why, whyKept(report, state.count));
    drawFacts();
    drawSites();
  }

  function words(error, leaving) {
    if (leaving) return 'Removed.';
    if (!report && error?.status === 404) {
      return wasHere ? 'Removed: nothing of it is on this disk any more.' : 'Nothing of it is on this disk yet.';
    }
    if (error) return error.detail;
    if (report.last_error) return `Last error: ${shown(report.last_error)}`;
    const peers = Number.isFinite(report.peers) ? plural(report.peers, 'peer') : null;
    const pace = report.speed > 0 ? `fetching ${speed(report.speed)}` : null;
    const readers = report.streams ? plural(report.streams, 'stream') : null;
    return [shown(report.state ?? '', 60), peers, pace, readers].filter(Boolean).join(' · ') || '\u00a0';
  }

  function drawFacts() {
    const length = report.length ?? null;
    const rows = [
      [
        'On disk',
        bytes(report.disk),
        length ? percent(Math.min(report.disk, length), length) + ` of ${bytes(length)}` : 'length not known yet',
      ],
      ['Served', bytes(report.served), plural(report.uses, 'stream')],
      [
        'Fetched',
        bytes(report.fetched),
        report.fetched > 0 ? `each byte served ${(report.served / report.fetched).toFixed(1)} times` : '',
      ],
      ['Last used', ago(report.last_access), date(report.last_access)],
      ['First used', ago(report.first_access), date(report.first_access)],
    ];
    if (facts.children.length !== rows.length) {
      fill(
        facts,
        rows.map(([label]) => el('div', null, el('dt', null, label), el('dd'), el('dd.note'))),
      );
    }
    rows.forEach(([, value, note], at) => {
      say(facts.children[at].children[1], value);
      say(facts.children[at].children[2], note);
    });
  }

  let sitesDrawn = '';
  function drawSites() {
    const list = report.sites ?? [];
    const now = JSON.stringify(list);
    if (now === sitesDrawn) return;
    sitesDrawn = now;
    fill(
      sites,
      list.length
        ? list
            .slice(0, 50)
            .map((site) =>
              el(
                'li.row',
                null,
                el(
                  'span.row-main',
                  null,
                  el('bdi.name.clip', { title: siteName(site.site) }, siteName(site.site)),
                  el(
                    'span.sub',
                    null,
                    `${bytes(site.served)}, ${percent(site.share, 1)} of all · ${ago(site.last_access)}`,
                  ),
                ),
                evidence(site.evidence),
              ),
            )
        : el('li.quiet', null, 'Nobody so far.'),
      list.length > 50 ? el('li.quiet', null, `and ${number(list.length - 50)} more`) : null,
    );
  }

  // what an event says is shown at once; what only a call says is read at its pace
  let last = state.items?.get(key);
  let due = 0;
  async function follow() {
    if (document.hidden || Date.now() < due) return;
    due = Date.now() + PACE;
    await read();
    files.refresh();
  }
  on('items', () => {
    const now = state.items?.get(key);
    if (now === last && !state.leaving.has(key)) return;
    if (now && report) report = { ...report, ...now };
    last = now;
    if (report) draw();
    follow();
  });
  on('status', () => playlist.setAttribute('href', urls().playlist));
  every(PACE / 1000, () => {
    if (report?.streams || report?.speed > 0 || files.isWaiting()) follow();
  });
  on('route', () => files.enter(route().query.get('path') ?? ''));

  const known = state.resolved.get(key);
  const fresh = known?.fresh;
  if (known) known.fresh = false;
  read();
  // what was just pasted is wanted; what a bookmark names is not fetched without being asked for
  files.start({ path: route().query.get('path') ?? '', search: Boolean(fresh) });
}
