// Makes the labelled controls of the forms, and shows faults at the control that a JSON pointer names.

import { withCompletion } from './complete.js';
import { button, fill, freshId, h } from './dom.js';

/** One step of a JSON pointer (RFC 6901). */
export const step = (name) => String(name).replaceAll('~', '~0').replaceAll('/', '~1');

/** A label, its control, a hint and a place for a fault; `pointer` is where the value stands in the request. */
export function field({ label, control, box = control, hint, pointer, required, wide }) {
  const id = control.id || freshId('field');
  control.id = id;
  if (required) control.setAttribute('aria-required', 'true');
  const hintId = hint && `${id}-hint`;
  control.setAttribute('aria-describedby', [hintId, `${id}-fault`].filter(Boolean).join(' '));
  return h(
    'div',
    { class: wide ? 'field wide' : 'field', 'data-pointer': pointer },
    h('label', { for: id }, label, required && h('span', { class: 'required' }, ' (required)')),
    box,
    hint && h('p', { id: hintId, class: 'hint' }, hint),
    h('p', { id: `${id}-fault`, class: 'fault' }),
  );
}

/** A text field bound to `model[key]`; `names` makes it a template that completes them. */
export function text(model, key, { names, lines, mono, placeholder, ...rest }) {
  const props = {
    value: model[key] ?? '',
    placeholder,
    spellcheck: 'false',
    autocomplete: 'off',
    class: mono || names ? 'mono' : '',
    oninput: (event) => {
      model[key] = event.target.value;
    },
  };
  const control = lines ? h('textarea', { rows: lines, ...props }) : h('input', { type: 'text', ...props });
  return field({ control, box: names ? withCompletion(control, names) : control, ...rest });
}

/** A choice bound to `model[key]`; `options` are `[value, label]`. */
export function choice(model, key, { options, then, ...rest }) {
  const control = h(
    'select',
    {
      value: model[key] ?? '',
      // Not change: the form hears of the input, and must find the new value then.
      oninput: (event) => {
        model[key] = event.target.value;
        then?.();
      },
    },
    options.map(([value, label]) => h('option', { value }, label)),
  );
  return field({ control, ...rest });
}

/** A yes or no bound to `model[key]`. */
export function check(model, key, { label, hint, then, pointer }) {
  const id = freshId('check');
  const control = h('input', {
    id,
    type: 'checkbox',
    checked: Boolean(model[key]),
    'aria-describedby': hint && `${id}-hint`,
    oninput: (event) => {
      model[key] = event.target.checked;
      then?.();
    },
  });
  return h(
    'div',
    { class: 'check', 'data-pointer': pointer },
    control,
    h('label', { for: id }, label),
    hint && h('p', { id: `${id}-hint`, class: 'hint' }, hint),
    h('p', { class: 'fault' }),
  );
}

/** Whether a value is a secret that the gateway has and does not show. */
export const isSet = (value) => typeof value === 'object' && value !== null && 'set' in value;

// What was set before anything was typed, for when the field is emptied or its section drawn anew.
const originals = new WeakMap();

function original(model, key) {
  if (!originals.has(model)) originals.set(model, {});
  const known = originals.get(model);
  if (isSet(model[key])) known[key] = model[key];
  return known[key];
}

/** A secret bound to `model[key]`: one that is set stays as it is until something is typed. */
export function secret(model, key, { hint, ...rest }) {
  const kept = original(model, key);
  const control = h('input', {
    type: 'password',
    autocomplete: 'new-password',
    placeholder: kept && `set (${kept.set})`,
    value: isSet(model[key]) ? '' : (model[key] ?? ''),
    oninput: (event) => {
      model[key] = event.target.value || kept || '';
    },
  });
  const told =
    kept && `Kept from ${SOURCES[kept.set] ?? kept.set} while this is empty; asked for again when the address it goes to changes.`;
  return field({ control, hint: [told, hint].filter(Boolean).join(' ') || undefined, ...rest });
}

const SOURCES = { literal: 'the webhook’s file', env: 'an environment variable', file: 'a secret file' };

/**
 * A list whose rows come and go: `row(item, index)` gives the controls of one.
 *
 * Removing moves the focus to the row that took the place, else to the add button: it would be lost otherwise.
 */
export function rows({ items, blank, row, add, noun, remove = 'Remove', limit = Infinity }) {
  const list = h('ul', { class: 'rows' });
  const more = button(add, () => {
    items.push(blank());
    draw();
    list.lastElementChild.querySelector('input, select, textarea').focus();
    touched();
  });
  const touched = () => list.dispatchEvent(new Event('input', { bubbles: true }));
  function drop(index) {
    items.splice(index, 1);
    draw();
    (list.children[index]?.querySelector('.remove') ?? more).focus();
    touched();
  }
  function draw() {
    fill(
      list,
      items.map((item, index) =>
        h(
          'li',
          {},
          row(item, index),
          button(remove, () => drop(index), {
            class: 'remove quiet',
            'aria-label': `${remove} ${remove === 'Remove' ? `${noun} ` : ''}${index + 1}`,
          }),
        ),
      ),
    );
    list.hidden = items.length === 0;
    more.disabled = items.length >= limit;
  }
  draw();
  return { node: h('div', { class: 'list' }, list, more), draw };
}

/** Takes all faults off the controls under `root`. */
export function clearFaults(root) {
  for (const place of root.querySelectorAll('[data-pointer] > .fault')) fill(place);
  for (const control of root.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

/**
 * Shows each fault at the control its pointer names, or at the nearest one around it.
 *
 * Gives the faults that no control took and the first control that has one. `only` limits it to
 * some controls: a form that is still being filled in should not blame what is yet to come.
 */
export function showFaults(root, faults, only = () => true) {
  clearFaults(root);
  const places = new Map([...root.querySelectorAll('[data-pointer]')].map((place) => [place.dataset.pointer, place]));
  const left = [];
  for (const fault of faults) {
    const place = nearest(places, fault.pointer ?? '');
    if (!place) left.push(fault);
    else if (only(place)) {
      place.querySelector(':scope > .fault').append(h('span', {}, fault.message));
      place.querySelector('input, select, textarea')?.setAttribute('aria-invalid', 'true');
    }
  }
  return { left, first: root.querySelector('[aria-invalid]') };
}

function nearest(places, pointer) {
  for (let at = pointer; at; at = at.slice(0, at.lastIndexOf('/'))) {
    if (places.has(at)) return places.get(at);
  }
  return undefined;
}
