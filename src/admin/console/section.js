// What the parts of the webhook form are made with.

import { fill, h } from './dom.js';

export const section = (title, hint, ...children) =>
  h('fieldset', { class: 'panel' }, h('legend', {}, h('h2', {}, title)), hint && h('p', { class: 'hint' }, hint), children);

/** Choices whose label is their value. */
export const options = (values) => values.map((value) => [value, value]);

/** A place for a section that can be drawn anew without the ones around it, so that focus and caret stay. */
export function slot(make) {
  const node = h('div', { class: 'slot' });
  const draw = () => fill(node, make());
  draw();
  return { node, draw };
}
