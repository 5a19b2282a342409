// Parts of the webhook form: what the request carries, and what is captured of the answer.

import { button, h } from './dom.js';
import { MAX_FIELDS } from './draft.js';
import { check, choice, rows, step, text } from './fields.js';
import { options, section } from './section.js';

const TYPES = ['string', 'number', 'boolean', 'object', 'array'];

export function body(draft, { names, redraw }) {
  if (draft.destination === 'custom' && draft.method === 'GET') {
    return section('Body', 'A GET sends no body, no user fields, and neither email nor workflowId.');
  }
  const own = draft.destination === 'custom' && [
    choice(draft, 'format', {
      label: 'Format',
      pointer: '/body/format',
      options: [
        ['json', 'JSON'],
        ['form', 'URL-encoded'],
      ],
      then: redraw,
    }),
    draft.format === 'json'
      ? text(draft, 'json', {
          label: 'Custom body',
          pointer: '/body/json',
          names,
          lines: 8,
          wide: true,
          placeholder: '{"firstName": "{{firstName}}"}',
          hint: 'One JSON object, merged over user fields and trigger data.',
        })
      : formBody(draft, names),
  ];
  return section(
    'Body',
    undefined,
    h(
      'div',
      { class: 'stack' },
      own,
      check(draft, 'include', { label: 'Include email and workflowId', pointer: '/include_email_and_workflow_id' }),
    ),
    h('h3', {}, 'User fields'),
    h('p', { class: 'hint' }, 'Profile fields to send. Where trigger data or the body has the same name, theirs is sent.'),
    rows({
      items: draft.user_fields,
      blank: () => ({ name: '' }),
      add: 'Add user field',
      noun: 'user field',
      row: (one, at) => text(one, 'name', { label: 'Field', pointer: `/user_fields/${at}`, mono: true }),
    }).node,
  );
}

function formBody(draft, names) {
  return h(
    'div',
    {},
    rows({
      items: draft.form,
      blank: () => ({ name: '', value: '' }),
      add: 'Add form field',
      noun: 'form field',
      row: (pair) => {
        const value = text(pair, 'value', { label: 'Value', pointer: `/body/form/${step(pair.name)}`, names });
        const name = text(pair, 'name', { label: 'Name' });
        // The pointer of a form value goes by its name, which is being typed.
        name.addEventListener('input', () => {
          value.dataset.pointer = `/body/form/${step(pair.name)}`;
        });
        return [name, value];
      },
    }).node,
  );
}

/** Gives the node and `draw`, for when the picked fields change elsewhere. */
export function dataRetrieval(draft, { redraw, toTrial }) {
  const list = rows({
    items: draft.fields,
    blank: () => ({ name: '', pointer: '', type: 'string' }),
    add: 'Add field by hand',
    noun: 'field',
    limit: MAX_FIELDS,
    row: (one, at) => [
      text(one, 'name', { label: 'Name', pointer: `/data_retrieval/fields/${at}/name`, mono: true }),
      text(one, 'pointer', {
        label: 'JSON pointer',
        pointer: `/data_retrieval/fields/${at}/pointer`,
        mono: true,
        placeholder: '/data/price',
      }),
      choice(one, 'type', { label: 'Type', pointer: `/data_retrieval/fields/${at}/type`, options: options(TYPES) }),
    ],
  });
  const node = section(
    'Data retrieval',
    undefined,
    check(draft, 'live', {
      label: 'Capture fields of the answer as Live Data',
      pointer: '/data_retrieval',
      then: redraw,
      hint: 'Needed by Live Data tiles. Such a webhook is saved only after a successful test of exactly what is here.',
    }),
    draft.live &&
      h(
        'div',
        { class: 'stack' },
        text(draft, 'object', {
          label: 'Object',
          pointer: '/data_retrieval/object',
          required: true,
          mono: true,
          hint: 'As in {{liveData.object.field}}.',
        }),
        h(
          'div',
          { 'data-pointer': '/data_retrieval/fields' },
          h('h3', {}, 'Fields'),
          h('p', { class: 'hint' }, '1 to 10. Run a test and pick them from its answer, or enter them by hand.'),
          list.node,
          h('p', { class: 'fault' }),
        ),
        h('div', { class: 'actions' }, button('Go to the test', toTrial, { class: 'quiet' })),
      ),
  );
  return { node, draw: list.draw };
}
