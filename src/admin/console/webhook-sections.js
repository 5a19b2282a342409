// The parts of the webhook form: what each property looks like, and which ones a method or destination leaves out.

import { button, fill, h } from './dom.js';
import { INKIT, MAX_FIELDS } from './draft.js';
import { check, choice, isSet, rows, secret, step, text } from './fields.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const TYPES = ['string', 'number', 'boolean', 'object', 'array'];

const section = (title, hint, ...children) => h('fieldset', { class: 'panel' }, h('legend', {}, h('h2', {}, title)), hint && h('p', { class: 'hint' }, hint), children);
const options = (values) => values.map((value) => [value, value]);

export function identity(draft, { creating, redraw }) {
  return section('Webhook', undefined, h('div', { class: 'grid' },
    creating && text(draft, 'id', { label: 'ID', pointer: '/id', required: true, mono: true, hint: 'Names its file and stays for good: small letters, digits, - and _.' }),
    text(draft, 'name', { label: 'Name', pointer: '/name', required: true, hint: 'Shown where a journey’s tile chooses a webhook.' }),
    choice(draft, 'destination', {
      label: 'Destination', pointer: '/destination', options: [['custom', 'Custom'], ['inkit', 'Inkit']], then: redraw,
      hint: draft.destination === 'inkit' ? 'Method, endpoint and body are Inkit’s own.' : undefined,
    })));
}

export function request(draft, { names, redraw }) {
  if (draft.destination === 'inkit') return inkit(draft, names);
  return section('Request', undefined, h('div', { class: 'grid' },
    choice(draft, 'method', { label: 'Method', pointer: '/method', options: options(METHODS), then: redraw, required: true }),
    ambiguous(draft),
    text(draft, 'endpoint', {
      label: 'Endpoint', pointer: '/endpoint', required: true, names, wide: true, placeholder: 'https://api.example.com/update',
      hint: 'May hold Handlebars. Values that can be more than letters and digits belong in {{#urlEncode}}…{{/urlEncode}}.',
    })));
}

function ambiguous(draft) {
  return choice(draft, 'ambiguous', {
    label: 'When the answer is unknown', pointer: '/ambiguous',
    options: [['', 'As the gateway’s default'], ['retry', 'Try again'], ['exit', 'User exits']],
    hint: 'After a timeout, or a connection lost once the request was sent.',
  });
}

function inkit(draft, names) {
  return section('Inkit', 'POST https://internal.inkit.io/integrations/webhook. One of first and last name is required.', h('div', { class: 'grid' },
    secret(draft.inkit, 'api_token', { label: 'API token', pointer: '/inkit/api_token', required: true }),
    INKIT.map(([key, label, required]) => text(draft.inkit, key, { label, pointer: `/inkit/${key}`, required, names })),
    ambiguous(draft)));
}

export function authentication(draft, { redraw }) {
  const auth = draft.auth;
  const kind = choice(auth, 'type', {
    label: 'Type', pointer: '/auth/type', options: [['none', 'None'], ['basic', 'Basic'], ['oauth2', 'OAuth 2.0']], then: redraw,
  });
  const more = auth.type === 'basic' ? secret(auth, 'token', {
    label: 'Authentication token', pointer: '/auth/token', required: true, hint: 'Sent as given after “Basic”: encode it first if the endpoint wants that.',
  }) : auth.type === 'oauth2' ? [
    text(auth, 'client_id', { label: 'Client ID', pointer: '/auth/client_id', required: true }),
    secret(auth, 'client_secret', { label: 'Client secret', pointer: '/auth/client_secret', required: true }),
    text(auth, 'token_url', { label: 'Token URL', pointer: '/auth/token_url', required: true, mono: true, placeholder: 'https://auth.example.com/oauth/token' }),
    text(auth, 'scope', { label: 'Scope', pointer: '/auth/scope' }),
    text(auth, 'refresh_statuses', {
      label: 'Statuses that ask for a new token', pointer: '/auth/refresh_statuses', placeholder: '401', hint: 'Separated by commas.',
    }),
  ] : undefined;
  return section('Authentication', undefined, h('div', { class: 'grid', 'data-pointer': '/auth' }, kind, more, h('p', { class: 'fault wide' })));
}

export function headers(draft, { names }) {
  return section('Custom headers', 'Anyone who may see webhooks here sees these values: keep tokens to Authentication.', rows({
    items: draft.headers, blank: () => ({ name: '', value: '' }), add: 'Add header', noun: 'header',
    row: (header, at) => [
      text(header, 'name', { label: 'Name', pointer: `/headers/${at}/name` }),
      isSet(header.value)
        ? secret(header, 'value', { label: 'Value', pointer: `/headers/${at}/value`, hint: 'What is typed here becomes an ordinary value, shown to all.' })
        : text(header, 'value', { label: 'Value', pointer: `/headers/${at}/value`, names }),
    ],
  }).node);
}

export function body(draft, { names, redraw }) {
  if (draft.destination === 'custom' && draft.method === 'GET') {
    return section('Body', 'A GET sends no body, no user fields, and neither email nor workflowId.');
  }
  const own = draft.destination === 'custom' && [
    choice(draft, 'format', { label: 'Format', pointer: '/body/format', options: [['json', 'JSON'], ['form', 'URL-encoded']], then: redraw }),
    draft.format === 'json'
      ? text(draft, 'json', {
        label: 'Custom body', pointer: '/body/json', names, lines: 8, wide: true, placeholder: '{"firstName": "{{firstName}}"}',
        hint: 'One JSON object, merged over user fields and trigger data.',
      })
      : formBody(draft, names),
  ];
  return section('Body', undefined,
    h('div', { class: 'stack' }, own, check(draft, 'include', { label: 'Include email and workflowId', pointer: '/include_email_and_workflow_id' })),
    h('h3', {}, 'User fields'),
    h('p', { class: 'hint' }, 'Profile fields to send. Where trigger data or the body has the same name, theirs is sent.'),
    rows({
      items: draft.user_fields, blank: () => ({ name: '' }), add: 'Add user field', noun: 'user field',
      row: (one, at) => text(one, 'name', { label: 'Field', pointer: `/user_fields/${at}`, mono: true }),
    }).node);
}

function formBody(draft, names) {
  return h('div', {}, rows({
    items: draft.form, blank: () => ({ name: '', value: '' }), add: 'Add form field', noun: 'form field',
    row: (pair) => {
      const value = text(pair, 'value', { label: 'Value', pointer: `/body/form/${step(pair.name)}`, names });
      const name = text(pair, 'name', { label: 'Name' });
      // The pointer of a form value goes by its name, which is being typed.
      name.addEventListener('input', () => { value.dataset.pointer = `/body/form/${step(pair.name)}`; });
      return [name, value];
    },
  }).node);
}

/** Gives the node and `draw`, for when the picked fields change elsewhere. */
export function dataRetrieval(draft, { redraw, toTrial }) {
  const list = rows({
    items: draft.fields, blank: () => ({ name: '', pointer: '', type: 'string' }), add: 'Add field by hand', noun: 'field', limit: MAX_FIELDS,
    row: (one, at) => [
      text(one, 'name', { label: 'Name', pointer: `/data_retrieval/fields/${at}/name`, mono: true }),
      text(one, 'pointer', { label: 'JSON pointer', pointer: `/data_retrieval/fields/${at}/pointer`, mono: true, placeholder: '/data/price' }),
      choice(one, 'type', { label: 'Type', pointer: `/data_retrieval/fields/${at}/type`, options: options(TYPES) }),
    ],
  });
  const node = section('Data retrieval', undefined,
    check(draft, 'live', { label: 'Capture fields of the answer as Live Data', pointer: '/data_retrieval', then: redraw, hint: 'Needed by Live Data tiles. Such a webhook is saved only after a successful test of exactly what is here.' }),
    draft.live && h('div', { class: 'stack' },
      text(draft, 'object', { label: 'Object', pointer: '/data_retrieval/object', required: true, mono: true, hint: 'As in {{liveData.object.field}}.' }),
      h('div', { 'data-pointer': '/data_retrieval/fields' }, h('h3', {}, 'Fields'),
        h('p', { class: 'hint' }, '1 to 10. Run a test and pick them from its answer, or enter them by hand.'),
        list.node, h('p', { class: 'fault' })),
      h('div', { class: 'actions' }, button('Go to the test', toTrial, { class: 'quiet' }))));
  return { node, draw: list.draw };
}

/** A place for a section that can be drawn anew without the ones around it, so that focus and caret stay. */
export function slot(make) {
  const node = h('div', { class: 'slot' });
  const draw = () => fill(node, make());
  draw();
  return { node, draw };
}
