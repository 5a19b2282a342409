// The page that creates or edits a journey and its tiles.

import { journeys, mayEdit, webhooks } from './api.js';
import { ask } from './dialog.js';
import { button, fill, h, heading, say } from './dom.js';
import { ID } from './draft.js';
import { choice, clearFaults, field, rows, showFaults, step, text } from './fields.js';
import { publish } from './journeys.js';
import { TYPES } from './locks.js';

/** From here on a list to choose from is longer than one to type into. */
const LONG = 100;

const NAMES = ['email', 'userId', 'workflowId', 'profile', 'dataFields', 'liveData'];

function toDraft(journey) {
  return {
    ...journey, id: journey.id ?? '', name: journey.name ?? '', workflow_id: String(journey.workflow_id ?? ''),
    tiles: (journey.tiles ?? []).map((one) => {
      const [rate = '', unit = ''] = (one.rate_limit ?? '').split('/');
      return { ...one, rate, unit, on_failure: one.on_failure ?? '', parameters: Object.entries(one.parameters ?? {}).map(([name, value]) => ({ name, value })) };
    }),
  };
}

function toJourney({ workflow_id: workflow, tiles, ...rest }) {
  return {
    ...rest,
    workflow_id: /^\d+$/.test(workflow) ? Number(workflow) : workflow,
    tiles: tiles.map(({ rate, unit, rate_limit: before, on_failure: failure, parameters, ...tile }) => {
      if (unit) tile.rate_limit = `${rate}/${unit}`;
      if (tile.type === 'live_data' && failure) tile.on_failure = failure;
      if (parameters.length) tile.parameters = Object.fromEntries(parameters.map((one) => [one.name, one.value]));
      return tile;
    }),
  };
}

export async function journeyForm({ id, signal, guard, reload }) {
  const creating = id === undefined;
  const [loaded, hooks] = await Promise.all([creating ? { data: { published: false } } : journeys.read(id, signal), webhooks.list(signal)]);
  const draft = toDraft(loaded.data);
  let dirty = false;
  guard(() => dirty);
  const summary = h('div', { class: 'summary', role: 'alert', tabindex: '-1', hidden: true });
  const save = h('button', { class: 'primary', disabled: !mayEdit() }, creating ? 'Create journey' : 'Save changes');
  const known = new Map(hooks.map((one) => [one.id, one]));
  const form = h('form', { novalidate: true, onsubmit: submit, oninput: () => { dirty = true; } },
    h('fieldset', { class: 'bare', disabled: !mayEdit() },
      h('fieldset', { class: 'panel' }, h('legend', {}, h('h2', {}, 'Journey')), h('div', { class: 'grid' },
        creating && text(draft, 'id', { label: 'ID', pointer: '/id', required: true, mono: true, hint: 'The first part of its tiles’ addresses.' }),
        text(draft, 'name', { label: 'Name', pointer: '/name', required: true }),
        text(draft, 'workflow_id', { label: 'Workflow ID', pointer: '/workflow_id', required: true, hint: 'A number; sent as workflowId.' }))),
      h('fieldset', { class: 'panel tiles', 'data-pointer': '/tiles' }, h('legend', {}, h('h2', {}, 'Tiles')),
        rows({ items: draft.tiles, blank: () => ({ id: '', type: 'webhook', webhook: '', rate: '', unit: '', on_failure: '', parameters: [] }), add: 'Add tile', noun: 'tile', remove: 'Remove tile', row: (tile, at) => tileRow(tile, at, known) }).node,
        h('p', { class: 'fault' }))),
    hooks.length > LONG && h('datalist', { id: 'webhook-ids' }, hooks.map((one) => h('option', { value: one.id }, one.name ?? ''))),
    h('div', { class: 'bar' }, save, h('a', { class: 'button', href: '#/journeys' }, save.disabled ? 'Back to the list' : 'Cancel')));

  async function submit(event) {
    event.preventDefault();
    clearFaults(form);
    if (creating && !ID.test(draft.id)) { blame([{ pointer: '/id', message: 'Use small letters, digits, - and _; begin with a letter or digit; 64 at most.' }]); return; }
    save.disabled = true;
    try {
      const body = toJourney(draft);
      await (creating ? journeys.create(body) : journeys.replace(id, body, loaded.etag));
      dirty = false;
      location.hash = '#/journeys';
      say(creating ? `Journey ${draft.id} is created and in service.` : `Journey ${id} is saved and in service.`);
    } catch (problem) {
      if (problem.status === 412) stale();
      else if (problem.type === 'already-exists') blame([{ pointer: '/id', message: 'There is a journey of this ID.' }]);
      else blame(problem.faults?.length ? problem.faults : [{ pointer: '', message: problem.message }]);
    } finally {
      save.disabled = false;
    }
  }

  function blame(faults) {
    const { left, first } = showFaults(form, faults);
    summary.hidden = false;
    fill(summary, h('p', {}, faults.length === 1 ? 'One thing must be put right.' : `${faults.length} things must be put right.`), left.length > 0 && h('ul', {}, left.map((one) => h('li', {}, one.message))));
    (first ?? summary).focus();
  }

  async function stale() {
    const again = await ask({
      title: 'Somebody else has saved this journey', label: 'Load the new version', leave: 'Keep editing', act: async () => true,
      body: h('p', {}, 'It was changed after you opened it, so nothing of yours has been written. Loading the new version drops what you entered here.'),
    });
    if (again) { dirty = false; reload(); }
  }

  const verb = loaded.data.published ? 'Unpublish' : 'Publish';
  return h('div', {},
    heading(creating ? 'New journey' : loaded.data.name || id, !creating && [
      h('span', { class: loaded.data.published ? 'badge strong' : 'badge' }, loaded.data.published ? 'Published' : 'Not published'),
      // Publishing reads the saved journey: with edits on the page it would publish something else than is seen.
      button(verb, () => (dirty ? say('Save or leave your changes first.') : publish(id, loaded.data, reload)), { disabled: !mayEdit() })]),
    summary, form);
}

function tileRow(tile, at, known) {
  const of = (key) => `/tiles/${at}/${key}`;
  const failure = h('div', { class: 'slot' });
  const fit = h('p', { class: 'hint', role: 'status' });
  const judge = () => {
    fill(failure, tile.type === 'live_data' && choice(tile, 'on_failure', {
      label: 'On failure', pointer: of('on_failure'), options: [['', 'Default (exit)'], ['exit', 'User exits'], ['branch', 'Continue on the failure path']],
    }));
    fill(fit, unfit(tile, known.get(tile.webhook)));
  };
  const node = h('div', { class: 'tile' },
    h('div', { class: 'grid' },
      text(tile, 'id', { label: 'Tile ID', pointer: of('id'), required: true, mono: true }),
      choice(tile, 'type', { label: 'Type', pointer: of('type'), options: Object.entries(TYPES), then: judge }),
      webhookChoice(tile, of('webhook'), known, judge),
      rateLimit(tile, of('rate_limit')),
      failure),
    fit,
    h('h3', {}, 'Dynamic parameters'),
    h('p', { class: 'hint' }, 'Added to the query of the webhook’s URL, for this tile alone.'),
    rows({
      items: tile.parameters, blank: () => ({ name: '', value: '' }), add: 'Add parameter', noun: 'parameter',
      row: (pair) => {
        const value = text(pair, 'value', { label: 'Value', pointer: of(`parameters/${step(pair.name)}`), names: () => NAMES });
        const name = text(pair, 'name', { label: 'Name', mono: true });
        name.addEventListener('input', () => { value.dataset.pointer = of(`parameters/${step(pair.name)}`); });
        return [name, value];
      },
    }).node);
  judge();
  return node;
}

function webhookChoice(tile, pointer, known, judge) {
  if (known.size > LONG) {
    const node = text(tile, 'webhook', { label: 'Webhook', pointer, required: true, mono: true, hint: 'Type a part of its ID.' });
    const control = node.querySelector('input');
    control.setAttribute('list', 'webhook-ids');
    control.addEventListener('change', judge);
    return node;
  }
  const options = [...known.values()].map((one) => [one.id, one.name ? `${one.name} (${one.id})` : one.id]);
  if (!known.has(tile.webhook)) options.unshift([tile.webhook, tile.webhook ? `${tile.webhook} (does not exist)` : 'Choose a webhook']);
  return choice(tile, 'webhook', { label: 'Webhook', pointer, required: true, options, then: judge });
}

/** Why the gateway would not run this tile with this webhook. */
function unfit(tile, webhook) {
  if (!webhook) return tile.webhook ? 'There is no webhook of this ID: users who reach the tile exit.' : '';
  if (tile.type === 'user_profile' && webhook.method !== 'GET') return 'A User Profile tile needs a webhook whose method is GET.';
  if (tile.type === 'live_data' && !webhook.data_retrieval) return 'A Live Data tile needs a webhook with data retrieval.';
  return '';
}

function rateLimit(tile, pointer) {
  const id = `rate-${pointer.replaceAll('/', '-')}`;
  const rate = h('input', { type: 'text', inputmode: 'numeric', value: tile.rate, 'aria-label': 'Rate limit, steps', oninput: (event) => { tile.rate = event.target.value.trim(); } });
  const unit = h('select', { id, value: tile.unit, oninput: (event) => { tile.unit = event.target.value; show(); } },
    [['', 'No limit'], ['second', 'per second'], ['minute', 'per minute'], ['hour', 'per hour']].map(([value, label]) => h('option', { value }, label)));
  const show = () => { rate.hidden = !tile.unit; };
  show();
  return field({ label: 'Rate limit', control: unit, box: h('div', { class: 'pair' }, rate, unit), pointer });
}
