// Completes helpers and field names while a template is typed, by the ARIA combobox pattern.

import { fill, freshId, h } from './dom.js';
import { HELPERS } from './helpers.js';

/** More would be a list to read, not a choice to make. */
const SHOWN = 12;

/**
 * What could stand at the caret: the word begun there and the candidates for it.
 *
 * Nothing outside `{{ }}` and nothing inside a quoted text of it.
 */
function candidates(before, names) {
  const open = before.lastIndexOf('{{');
  if (open < 0 || before.lastIndexOf('}}') > open) return undefined;
  const inside = before.slice(open + 2);
  if ((inside.match(/"/g) ?? []).length % 2 || /^[!/>]/.test(inside)) return undefined;
  const [, lead, word] = /^\{?(#|\^|&|)(?:.*[\s(=]|)([\w.]*)$/s.exec(inside) ?? [];
  if (word === undefined) return undefined;
  const rest = inside.slice(0, inside.length - word.length);
  const first = /^\{?[#^&]?$/.test(rest);
  const block = first && lead === '#';
  const helpers = block
    ? HELPERS.filter((one) => one.block)
    : first || /\(\s*$/.test(rest)
      ? HELPERS.filter((one) => one.inline)
      : [];
  const fields = block ? [] : names().map((name) => ({ name, what: 'field' }));
  const wanted = word.toLowerCase();
  const fits = [...fields, ...helpers].filter((one) => one.name.toLowerCase().startsWith(wanted));
  return { word, block, first, fits: fits.slice(0, SHOWN) };
}

/** The text that takes the place of the word: `[before the caret, after it]`. */
function completion(found, pick, after) {
  const close = !found.first || after.trimStart().startsWith('}}') ? '' : '}}';
  if (!found.block) return [pick.args && found.first ? `${pick.name} ` : pick.name, close];
  return pick.args === 'value' && pick.name !== 'if' && pick.name !== 'unless' && pick.name !== 'with'
    ? [`${pick.name}}}`, `{{/${pick.name}}}`]
    : [`${pick.name} `, `}}{{/${pick.name}}}`];
}

/** Wraps `control` so that it completes; `names` gives the fields known at the moment. */
export function withCompletion(control, names) {
  const list = h('ul', {
    id: freshId('options'),
    role: 'listbox',
    class: 'options',
    'aria-label': 'Helpers and fields',
    hidden: true,
  });
  // A text area may not be a combobox in HTML; it takes the same keys and tells the same option.
  const combobox = control.tagName === 'INPUT';
  if (combobox) {
    control.setAttribute('role', 'combobox');
    control.setAttribute('aria-expanded', 'false');
  }
  control.setAttribute('aria-autocomplete', 'list');
  let found;
  let active = -1;

  function close() {
    found = undefined;
    list.hidden = true;
    control.removeAttribute('aria-activedescendant');
    control.removeAttribute('aria-controls');
    if (combobox) control.setAttribute('aria-expanded', 'false');
  }

  function mark(index) {
    active = index;
    [...list.children].forEach((option, at) => option.setAttribute('aria-selected', String(at === index)));
    if (index < 0) {
      control.removeAttribute('aria-activedescendant');
      return;
    }
    control.setAttribute('aria-activedescendant', list.children[index].id);
    list.children[index].scrollIntoView({ block: 'nearest' });
  }

  function look() {
    found = candidates(control.value.slice(0, control.selectionStart), names);
    if (!found || found.fits.length === 0 || (found.fits.length === 1 && found.fits[0].name === found.word)) {
      close();
      return;
    }
    fill(
      list,
      found.fits.map((one) =>
        h(
          'li',
          {
            id: freshId('option'),
            role: 'option',
            'aria-selected': 'false',
            // Not click: the field would have lost the focus, and closed the list, before it.
            onmousedown: (event) => {
              event.preventDefault();
              accept(one);
            },
          },
          h('code', {}, one.name),
          h('span', { class: 'hint' }, ` ${one.args ?? ''} ${one.what}`),
        ),
      ),
    );
    list.hidden = false;
    control.setAttribute('aria-controls', list.id);
    if (combobox) control.setAttribute('aria-expanded', 'true');
    // With nothing typed yet Enter should still end the line, so nothing is chosen beforehand.
    mark(found.word ? 0 : -1);
  }

  function accept(pick) {
    const caret = control.selectionStart;
    const after = control.value.slice(caret);
    const [left, right] = completion(found, pick, after);
    const start = control.value.slice(0, caret - found.word.length) + left;
    control.value = start + right + after;
    control.setSelectionRange(start.length, start.length);
    close();
    muted = true;
    control.dispatchEvent(new Event('input', { bubbles: true }));
    muted = false;
  }

  let muted = false;
  control.addEventListener('input', () => {
    if (!muted) look();
  });
  control.addEventListener('blur', close);
  control.addEventListener('keydown', (event) => {
    if (!found || list.hidden) return;
    const last = found.fits.length - 1;
    if (event.key === 'ArrowDown') mark(active >= last ? 0 : active + 1);
    else if (event.key === 'ArrowUp') mark(active <= 0 ? last : active - 1);
    else if (event.key === 'Enter' && active >= 0) accept(found.fits[active]);
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
  });
  return h('div', { class: 'completing' }, control, list);
}
