// Shows the request that a draft would send for the sample, while both are typed.

import { call, mayEdit } from './api.js';
import { debounce, fill, h } from './dom.js';
import { requestView } from './exchange.js';
import { field } from './fields.js';

const SAMPLE = {
  email: 'test.user@example.com',
  userId: 'u1',
  workflowId: 12345,
  profile: { firstName: 'Test', city: 'San Francisco' },
  dataFields: { promotionId: 123, color: 'red' },
};

const ALWAYS = ['email', 'userId', 'workflowId', 'profile', 'dataFields', 'liveData'];

/** The sample of a step that preview and test share; `value()` is undefined where it is not a JSON object. */
export function sampleEditor(changed) {
  const control = h('textarea', { rows: 8, class: 'mono', spellcheck: 'false', value: JSON.stringify(SAMPLE, null, 2) });
  const node = field({ label: 'Sample data (JSON)', control, hint: 'Stands in for a step. It is not saved.', pointer: '/sample' });
  const read = () => {
    try {
      const value = JSON.parse(control.value);
      return value && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
    } catch {
      return undefined;
    }
  };
  let last = SAMPLE;
  control.addEventListener('input', (event) => {
    // The sample shapes no webhook: the form around it must not take this for an edit.
    event.stopPropagation();
    const value = read();
    fill(node.querySelector('.fault'), value ? '' : 'This is not a JSON object.');
    control.setAttribute('aria-invalid', String(!value));
    if (value) {
      last = value;
      changed();
    }
  });
  return {
    node,
    value: read,
    // The last sample that could be read: names must not vanish while a comma is being typed.
    names: () => [...new Set([...ALWAYS, ...Object.keys(last.profile ?? {}), ...Object.keys(last.dataFields ?? {})])],
  };
}

/**
 * The panel; `body()` gives what to preview and `faults` is told what the gateway finds wrong with it.
 *
 * A new question takes the place of one still open: an old answer must not be shown last.
 */
export function previewPanel({ body, faults, signal }) {
  const place = h(
    'div',
    { 'aria-busy': 'false' },
    h('p', { class: 'hint' }, mayEdit() ? 'Fill in the form to see the request.' : 'The preview needs the role editor.'),
  );
  let asking;
  const show = (...children) => fill(place, children);

  async function ask() {
    if (signal.aborted) return;
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    place.setAttribute('aria-busy', 'true');
    try {
      const { data } = await call('POST', '/webhooks/preview', { body: body(), signal: mine.signal });
      faults([]);
      if (data.request) show(requestView(data.request));
      else show(h('p', { class: 'note' }, h('strong', {}, data.reason), ` ${data.message ?? ''}`));
    } catch (problem) {
      if (mine.signal.aborted) return;
      faults(problem.faults ?? []);
      show(
        h('p', { class: 'hint' }, 'No request yet:'),
        h(
          'ul',
          { class: 'plain' },
          (problem.faults?.length ? problem.faults : [problem]).map((one) =>
            h('li', {}, one.key ? h('code', {}, one.key) : null, one.key ? ': ' : '', one.message),
          ),
        ),
      );
    } finally {
      if (asking === mine) place.setAttribute('aria-busy', 'false');
    }
  }
  const soon = debounce(400, ask);
  signal.addEventListener('abort', () => asking?.abort());
  return {
    node: h(
      'section',
      { class: 'panel', 'aria-labelledby': 'preview-title' },
      h('h2', { id: 'preview-title' }, 'Request preview'),
      place,
    ),
    changed: () => {
      if (mayEdit()) soon();
    },
  };
}
