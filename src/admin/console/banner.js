// The configuration errors at the top of every page, asked for each 15 s.

import { get } from './api.js';
import { every, fill, h } from './dom.js';

export function errorBanner(signal) {
  const count = h('summary', {});
  const list = h('ul', { class: 'plain' });
  const box = h('details', {}, count, h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Errors' }, list));
  const node = h('section', { class: 'banner', 'aria-label': 'Configuration errors', hidden: true }, box);
  const spoken = h('p', { class: 'unseen', role: 'status' });
  let shown = '';

  every(15_000, signal, async () => {
    let errors;
    // That the gateway does not answer is told by what was asked for, not by a second message here.
    try {
      ({ errors } = await get('/config/errors', signal));
    } catch {
      return;
    }
    const text = JSON.stringify(errors);
    // Drawn only when it changed: it may be open and half read.
    if (text === shown) return;
    shown = text;
    const words = summary(errors);
    node.hidden = errors.length === 0;
    node.classList.toggle(
      'only-warnings',
      errors.every((one) => one.severity === 'warning'),
    );
    fill(count, words);
    fill(spoken, errors.length ? words : '');
    fill(
      list,
      errors.map((one) =>
        h(
          'li',
          {},
          h('code', {}, `${one.file}:${one.line ?? 0}:${one.column ?? 0}`),
          h(
            'span',
            {},
            one.severity === 'warning' ? ' warning: ' : ' ',
            one.key && h('code', {}, one.key),
            one.key ? ': ' : '',
            one.message,
          ),
        ),
      ),
    );
  });
  return [node, spoken];
}

function summary(errors) {
  const warnings = errors.filter((one) => one.severity === 'warning').length;
  const faults = errors.length - warnings;
  const count = (n, noun) => (n === 0 ? '' : n === 1 ? `1 ${noun}` : `${n} ${noun}s`);
  const tail = faults ? ': the last good version of each file stays in service' : '';
  return (
    [count(faults, 'configuration error'), count(warnings, faults ? 'warning' : 'configuration warning')]
      .filter(Boolean)
      .join(', ') + tail
  );
}
