// Settings: what is in effect, where it comes from, and changing it. Changes are collected and saved together.

import { call } from '../lib/api.js';
import { button, el, fill, say, show } from '../lib/dom.js';
import { bytes, plural } from '../lib/format.js';
import { shown } from '../lib/names.js';
import { parseSize } from '../lib/size.js';
import { state } from '../lib/state.js';
import { announce, failed, notice } from '../lib/tell.js';
import { confirmed } from '../parts/dialog.js';
import { empty, loading, section, trouble } from '../parts/pieces.js';
import { settingField } from './setting.js';

export const title = 'Settings';

/** What the sections of the configuration are about, in the order of its file. */
const SECTIONS = {
  listen: 'Addresses',
  network: 'Network',
  disk: 'Disk',
  timeouts: 'Waiting',
  limits: 'Limits',
  archive: 'Archives',
  bittorrent: 'BitTorrent',
  ipfs: 'IPFS',
  log: 'Log',
};

export function view(main, { on, cleanup }) {
  const search = el('input', {
    type: 'search',
    id: 'setting-search',
    placeholder: 'Search settings',
    autocomplete: 'off',
  });
  const place = el('div.settings', null, loading(8, 'Loading settings'));
  const count = el('span');
  const saving = button('Save', { kind: 'primary', onclick: save });
  const bar = el(
    'div.savebar',
    { role: 'region', 'aria-label': 'Changes', hidden: true },
    count,
    button('Discard', {
      kind: 'plain',
      onclick: () => {
        for (const field of fields.values()) field.reset();
        touched();
      },
    }),
    saving,
  );
  const restart = el('p.banner', { hidden: true });
  const unfound = empty('search', 'No setting has these letters', 'Search in keys and explanations.');
  unfound.hidden = true;
  main.append(
    el(
      'div.tools',
      { role: 'search' },
      el('div.field', null, el('label.unseen', { for: 'setting-search' }, 'Search settings'), search),
    ),
    restart,
    place,
    unfound,
    bar,
  );

  const fields = new Map();

  async function read() {
    try {
      draw((await call('GET', '/settings')).settings);
    } catch (error) {
      if (!fields.size) fill(place, trouble(error, read));
    }
  }

  function draw(settings) {
    const waiting = settings.filter((setting) => setting.pending).map((setting) => setting.key);
    show(restart, waiting.length > 0);
    say(restart, `Restart the agent for ${shown(waiting.join(', '))} to take effect.`);
    const groups = new Map();
    for (const setting of settings) {
      const known = fields.get(setting.key);
      // a field that is being changed keeps what was typed
      if (known) known.update(setting);
      else fields.set(setting.key, settingField(setting, touched));
      const group = setting.key.split('.')[0];
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(fields.get(setting.key).element);
    }
    if (place.querySelector('.loading, .empty')) {
      const order = [...Object.keys(SECTIONS), ...groups.keys()];
      const names = [...new Set(order)].filter((name) => groups.has(name));
      fill(
        place,
        names.map((name) => {
          const [box, inside] = section(SECTIONS[name] ?? shown(name, 40), { kind: 'card' });
          inside.append(...groups.get(name));
          return box;
        }),
      );
      sift();
    }
    touched();
  }

  const changes = () => [...fields.values()].filter((field) => field.isChanged());

  function touched() {
    const open = changes();
    show(bar, open.length > 0);
    say(count, `${plural(open.length, 'change')} not saved`);
  }

  async function save() {
    const open = changes();
    if (!open.length || !(await isSure(open))) return;
    saving.disabled = true;
    try {
      await call('PATCH', '/settings', Object.fromEntries(open.map((field) => [field.key, field.value()])));
      for (const field of open) field.saved();
      notice(`Saved ${plural(open.length, 'change')}.`);
      touched();
      await read();
    } catch (error) {
      const named = open.find((field) => error.detail?.includes(field.key)) ?? (open.length === 1 ? open[0] : null);
      if (named && error.status === 400) {
        named.refuse(error.detail);
        announce(error.detail);
      } else {
        failed('Not saved', error);
      }
    } finally {
      saving.disabled = false;
    }
  }

  /** A lower limit gives things up at once, which nothing brings back. */
  async function isSure(open) {
    const field = open.find(({ key }) => key === 'disk.limit');
    const wanted = field && parseSize(field.text());
    const used = state.status?.disk.used ?? 0;
    if (!wanted || wanted >= used) return true;
    return confirmed({
      title: 'Lower the limit below what is used?',
      text: `${bytes(used - wanted)} of what was not used for longest is given up at once.`,
      action: 'Lower the limit',
    });
  }

  function sift() {
    const words = search.value.trim().toLowerCase();
    for (const field of fields.values()) show(field.element, field.matches(words));
    let any = false;
    for (const box of place.querySelectorAll('section')) {
      const has = [...box.querySelectorAll('.setting')].some((node) => !node.hidden);
      show(box, has);
      any ||= has;
    }
    show(unfound, !any && fields.size > 0);
  }
  search.addEventListener('input', sift);

  const warn = (event) => {
    if (changes().length) event.preventDefault();
  };
  addEventListener('beforeunload', warn);
  cleanup(() => removeEventListener('beforeunload', warn));
  on('settings', read);
}
