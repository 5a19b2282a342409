// Test Connection: sends the draft once for real, and shows request, answer, timing and the fields to pick.

import { call, mayEdit } from './api.js';
import { button, fill, h, say } from './dom.js';
import { requestView, responseView, timingView } from './exchange.js';
import { fieldTree } from './tree.js';

/**
 * The panel of the test. `body()` gives draft and sample; `live()` whether fields can be picked, `picked` into what.
 *
 * `tested` is told of each test with its fingerprint, or with undefined where the answer vouches for nothing.
 */
export function trialPanel({ body, live, picked, pickedChanged, tested, faults, signal }) {
  const result = h('div', { 'aria-live': 'off' });
  const fault = h('p', { class: 'fault', role: 'alert' });
  const state = h('p', { class: 'hint' });
  const run = button('Test Connection', send, { disabled: !mayEdit() });
  const treePlace = h('div', {});
  let last;
  let tree;

  async function send() {
    // The draft as it is now: it may be edited while the answer is on its way.
    const { request, shape } = body();
    fill(fault);
    if (!request.sample) {
      fill(fault, 'The sample data is not a JSON object.');
      return;
    }
    run.disabled = true;
    fill(run, 'Testing…');
    try {
      const { data } = await call('POST', '/webhooks/test', { body: request, signal });
      last = data;
      faults([]);
      draw();
      tested(data.fingerprint, shape);
      say(data.response ? `The endpoint answered ${data.response.status}.` : `No answer: ${data.message ?? data.reason}`);
    } catch (problem) {
      if (signal.aborted) return;
      fill(fault, problem.message);
      faults(problem.faults ?? []);
    } finally {
      run.disabled = false;
      fill(run, 'Test Connection');
    }
  }

  function draw() {
    const { request, response, reason, message, timing } = last;
    fill(
      result,
      request && h('div', {}, h('h3', {}, 'Request as sent'), requestView(request)),
      response && h('div', {}, h('h3', {}, 'Answer'), responseView(response)),
      reason && h('p', { class: 'note bad' }, h('strong', {}, reason), ` ${message ?? ''}`),
      timing && h('div', {}, h('h3', {}, 'Timing'), timingView(timing)),
    );
    drawTree();
  }

  function drawTree() {
    tree = undefined;
    fill(treePlace);
    if (!last?.fields?.length || !live()) return;
    tree = fieldTree(last.fields, picked, pickedChanged);
    fill(treePlace, h('h3', {}, 'Live Data fields'), tree.node);
  }

  return {
    node: h(
      'section',
      { class: 'panel', 'aria-labelledby': 'trial-title', 'data-pointer': '/data_retrieval/test' },
      h('h2', { id: 'trial-title' }, 'Test Connection'),
      h(
        'p',
        { class: 'hint' },
        mayEdit()
          ? 'Sends one real request with the sample data. Nothing is saved or retried.'
          : 'Sending a test needs the role editor.',
      ),
      h('div', { class: 'actions' }, run),
      state,
      fault,
      h('p', { class: 'fault' }),
      result,
      treePlace,
    ),
    focus: () => run.focus(),
    refresh: () => tree?.refresh(),
    redraw: drawTree,
    /** Says whether the draft, as it is, counts as tested. */
    tell: (text, good) => {
      fill(state, text);
      state.className = good ? 'note good' : 'note';
      state.hidden = !text;
    },
  };
}
