// One setting: its key, what it is for, its value, and where that comes from.

import { attribute, button, el, fill, say, show } from '../lib/dom.js';
import { shown } from '../lib/names.js';

const FROM = {
  file: 'From the configuration file',
  environment: 'Set by the environment: change it where the agent is started',
  flag: 'Set on the command line: change it where the agent is started',
};

/** A field for a setting; `touched` is called when it is changed. */
export function settingField(setting, touched) {
  const id = `setting-${setting.key.replace(/[^a-z0-9]/gi, '-')}`;
  const described = `${id}-about ${id}-problem`;
  const input = control(setting, id, described);
  const from = el('span.note');
  const live = el('span.badge', { 'data-live': String(setting.live) }, setting.live ? 'At once' : 'After a restart');
  const back = button('Use default', {
    kind: 'link',
    onclick: () => {
      write(asText(now.default));
      input.dispatchEvent(new Event('input'));
      input.focus();
    },
  });
  const problem = el('p.field-problem', { id: `${id}-problem`, role: 'alert' });
  // explanations are written for a configuration file and broken into lines there
  const about = el('p.hint', { id: `${id}-about` }, shown(setting.about.replace(/\s+/g, ' '), 900));
  const element = el(
    'div.setting',
    null,
    el('div.setting-words', null, el('label', { for: id }, el('code', null, shown(setting.key, 80))), about),
    el('div.setting-value', null, input, el('p.setting-from', null, live, from), problem),
  );
  element.querySelector('.setting-from').append(back);
  let now = setting;
  let base = asText(setting.value);
  write(base);
  tell();

  function read() {
    return input.type === 'checkbox' ? String(input.checked) : input.value.trim();
  }

  function write(text) {
    if (input.type === 'checkbox') input.checked = text === 'true';
    else input.value = text;
  }

  function isChanged() {
    return read() !== base;
  }

  function tell() {
    const isDefault = asText(now.default) === base;
    const usual = shown(asText(now.default).replace(/\n/g, ', '), 60) || 'none';
    if (now.pending) say(from, 'Saved, and waits for a restart');
    else say(from, now.writable && !isDefault ? `Default: ${usual}` : (FROM[now.from] ?? (isDefault ? 'Default' : '')));
    show(back, now.writable && read() !== asText(now.default));
    attribute(input, 'disabled', !now.writable);
    element.classList.toggle('changed', isChanged());
  }

  input.addEventListener('input', () => {
    say(problem, '');
    attribute(input, 'aria-invalid', null);
    tell();
    touched();
  });

  return {
    key: setting.key,
    element,
    isChanged,
    /** The value as the call takes it. */
    value() {
      const text = read();
      // back to the default: the key leaves the file, and a later default holds
      if (text === asText(now.default) && now.from === 'file') return null;
      if (setting.type === 'bool') return text === 'true';
      if (setting.type === 'number') return Number(text);
      if (setting.type === 'list')
        return text
          .split(/[\n,]/)
          .map((part) => part.trim())
          .filter(Boolean);
      return text;
    },
    /** What will be in effect, as text. */
    text: read,
    update(fresh) {
      const untouched = !isChanged();
      now = fresh;
      base = asText(fresh.value);
      if (untouched) write(base);
      tell();
    },
    saved() {
      base = read();
      tell();
    },
    reset() {
      write(base);
      say(problem, '');
      attribute(input, 'aria-invalid', null);
      tell();
    },
    refuse(text) {
      say(problem, text);
      attribute(input, 'aria-invalid', 'true');
      input.focus();
    },
    matches: (words) => !words || `${setting.key} ${setting.about}`.toLowerCase().includes(words),
  };
}

/** The control that fits the type. */
function control(setting, id, described) {
  const shared = { id, 'aria-describedby': described, autocomplete: 'off', spellcheck: 'false' };
  switch (setting.type) {
    case 'bool':
      return el('input.switch', { ...shared, type: 'checkbox', role: 'switch' });
    case 'choice':
      return fill(
        el('select', shared),
        setting.choices.map((word) => el('option', { value: word }, shown(word, 60))),
      );
    case 'list':
      return el('textarea', {
        ...shared,
        rows: String(Math.min(6, Math.max(2, setting.value?.length ?? 0))),
        placeholder: setting.choices?.length ? `One a line, of: ${setting.choices.join(', ')}` : 'One a line',
      });
    case 'number':
      return el('input', { ...shared, type: 'text', inputmode: 'numeric' });
    default:
      return el('input', { ...shared, type: 'text' });
  }
}

function asText(value) {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.join('\n') : String(value);
}
