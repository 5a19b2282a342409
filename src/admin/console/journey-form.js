// The page that creates or edits a journey and its tiles.

import { journeys, mayEdit, webhooks } from './api.js';
import { ask } from './dialog.js';
import { button, fill, h, heading, say } from './dom.js';
import { ID } from './draft.js';
import { clearFaults, rows, showFaults, text } from './fields.js';
import { publish } from './journeys.js';
import { LONG, tileRow } from './tile-form.js';

function toDraft(journey) {
  return {
    ...journey,
    id: journey.id ?? '',
    name: journey.name ?? '',
    workflow_id: String(journey.workflow_id ?? ''),
    tiles: (journey.tiles ?? []).map((one) => {
      const [rate = '', unit = ''] = (one.rate_limit ?? '').split('/');
      return {
        ...one,
        rate,
        unit,
        on_failure: one.on_failure ?? '',
        parameters: Object.entries(one.parameters ?? {}).map(([name, value]) => ({ name, value })),
      };
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
  const [loaded, hooks] = await Promise.all([
    creating ? { data: { published: false } } : journeys.read(id, signal),
    webhooks.list(signal),
  ]);
  const draft = toDraft(loaded.data);
  let dirty = false;
  guard(() => dirty);
  const summary = h('div', { class: 'summary', role: 'alert', tabindex: '-1', hidden: true });
  const save = h('button', { class: 'primary', disabled: !mayEdit() }, creating ? 'Create journey' : 'Save changes');
  const known = new Map(hooks.map((one) => [one.id, one]));
  const form = h(
    'form',
    {
      novalidate: true,
      onsubmit: submit,
      oninput: () => {
        dirty = true;
      },
    },
    h(
      'fieldset',
      { class: 'bare', disabled: !mayEdit() },
      h(
        'fieldset',
        { class: 'panel' },
        h('legend', {}, h('h2', {}, 'Journey')),
        h(
          'div',
          { class: 'grid' },
          creating &&
            text(draft, 'id', {
              label: 'ID',
              pointer: '/id',
              required: true,
              mono: true,
              hint: 'The first part of its tiles’ addresses.',
            }),
          text(draft, 'name', { label: 'Name', pointer: '/name', required: true }),
          text(draft, 'workflow_id', {
            label: 'Workflow ID',
            pointer: '/workflow_id',
            required: true,
            hint: 'A number; sent as workflowId.',
          }),
        ),
      ),
      h(
        'fieldset',
        { class: 'panel tiles', 'data-pointer': '/tiles' },
        h('legend', {}, h('h2', {}, 'Tiles')),
        rows({
          items: draft.tiles,
          blank: () => ({ id: '', type: 'webhook', webhook: '', rate: '', unit: '', on_failure: '', parameters: [] }),
          add: 'Add tile',
          noun: 'tile',
          remove: 'Remove tile',
          row: (tile, at) => tileRow(tile, at, known),
        }).node,
        h('p', { class: 'fault' }),
      ),
    ),
    hooks.length > LONG &&
      h(
        'datalist',
        { id: 'webhook-ids' },
        hooks.map((one) => h('option', { value: one.id }, one.name ?? '')),
      ),
    h(
      'div',
      { class: 'bar' },
      save,
      h('a', { class: 'button', href: '#/journeys' }, save.disabled ? 'Back to the list' : 'Cancel'),
    ),
  );

  async function submit(event) {
    event.preventDefault();
    clearFaults(form);
    if (creating && !ID.test(draft.id)) {
      blame([{ pointer: '/id', message: 'Use small letters, digits, - and _; begin with a letter or digit; 64 at most.' }]);
      return;
    }
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
    fill(
      summary,
      h('p', {}, faults.length === 1 ? 'One thing must be put right.' : `${faults.length} things must be put right.`),
      left.length > 0 &&
        h(
          'ul',
          {},
          left.map((one) => h('li', {}, one.message)),
        ),
    );
    (first ?? summary).focus();
  }

  async function stale() {
    const again = await ask({
      title: 'Somebody else has saved this journey',
      label: 'Load the new version',
      leave: 'Keep editing',
      act: async () => true,
      body: h(
        'p',
        {},
        'It was changed after you opened it, so nothing of yours has been written. Loading the new version drops what you entered here.',
      ),
    });
    if (again) {
      dirty = false;
      reload();
    }
  }

  const verb = loaded.data.published ? 'Unpublish' : 'Publish';
  return h(
    'div',
    {},
    heading(
      creating ? 'New journey' : loaded.data.name || id,
      !creating && [
        h(
          'span',
          { class: loaded.data.published ? 'badge strong' : 'badge' },
          loaded.data.published ? 'Published' : 'Not published',
        ),
        // Publishing reads the saved journey: with edits on the page it would publish something else than is seen.
        button(verb, () => (dirty ? say('Save or leave your changes first.') : publish(id, loaded.data, reload)), {
          disabled: !mayEdit(),
        }),
      ],
    ),
    summary,
    form,
  );
}
