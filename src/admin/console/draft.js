// Turns a webhook as the API gives it into what the form edits, and back.

import { isSet, step } from './fields.js';

export const ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;
export const MAX_FIELDS = 10;

/** The fields of the Inkit preset: key, label, whether it must be filled in. */
export const INKIT = [
  ['template_id', 'Template ID', true],
  ['first_name', 'First name', false],
  ['last_name', 'Last name', false],
  ['email', 'Email', false],
  ['company', 'Company', false],
  ['phone', 'Phone', false],
  ['address_line_1', 'Address line 1', true],
  ['address_line_2', 'Address line 2', false],
  ['address_city', 'City', false],
  ['address_state', 'State', false],
  ['address_zip', 'ZIP code', false],
  ['address_country', 'Country', false],
  ['source', 'Source', false],
];

/** The draft of `webhook`; keys the console does not know are carried along unchanged. */
export function toDraft(webhook = {}) {
  const {
    id = '',
    name = '',
    destination = 'custom',
    method = 'POST',
    endpoint = '',
    auth = {},
    headers = [],
    body = {},
    include_email_and_workflow_id: include = true,
    user_fields: fields = [],
    ambiguous = '',
    inkit = {},
    data_retrieval: live,
    ...rest
  } = webhook;
  return {
    rest,
    id,
    name,
    destination,
    method,
    endpoint,
    include,
    ambiguous,
    inkit: { ...inkit },
    auth: { type: 'none', ...auth, refresh_statuses: (auth.refresh_statuses ?? []).join(', ') },
    headers: headers.map((one) => ({ ...one })),
    format: body.format ?? 'json',
    json: body.json ?? '',
    form: Object.entries(body.form ?? {}).map(([key, value]) => ({ name: key, value })),
    user_fields: fields.map((one) => ({ name: one })),
    live: Boolean(live),
    object: live?.object ?? '',
    fields: (live?.fields ?? []).map((one) => ({ ...one })),
  };
}

function toAuth({ type, token, client_id: id, client_secret: secret, token_url: url, scope, refresh_statuses: statuses }) {
  if (type === 'basic') return { type, token: token ?? '' };
  if (type !== 'oauth2') return undefined;
  const auth = { type, client_id: id ?? '', client_secret: secret ?? '', token_url: url ?? '' };
  if (scope) auth.scope = scope;
  const list = (statuses ?? '').split(/[\s,]+/).filter(Boolean);
  // What is no number goes as typed: the gateway then says what is wrong with it.
  if (list.length) auth.refresh_statuses = list.map((one) => (/^\d+$/.test(one) ? Number(one) : one));
  return auth;
}

function toBody(draft) {
  if (draft.format === 'form') {
    return draft.form.length
      ? { format: 'form', form: Object.fromEntries(draft.form.map((one) => [one.name, one.value ?? ''])) }
      : undefined;
  }
  return draft.json.trim() ? { format: 'json', json: draft.json } : undefined;
}

/** The webhook that `draft` describes, without what its method or destination rules out. */
export function toWebhook(draft, test) {
  const webhook = { ...draft.rest, name: draft.name };
  if (draft.id) webhook.id = draft.id;
  const inkit = draft.destination === 'inkit';
  const get = !inkit && draft.method === 'GET';
  if (inkit) {
    webhook.destination = 'inkit';
    webhook.inkit = Object.fromEntries(Object.entries(draft.inkit).filter(([, value]) => value !== ''));
  } else {
    webhook.method = draft.method;
    webhook.endpoint = draft.endpoint;
    const body = get ? undefined : toBody(draft);
    if (body) webhook.body = body;
  }
  if (!get && !draft.include) webhook.include_email_and_workflow_id = false;
  const fields = draft.user_fields.map((one) => one.name).filter(Boolean);
  if (!get && fields.length) webhook.user_fields = fields;
  if (draft.ambiguous) webhook.ambiguous = draft.ambiguous;
  const auth = toAuth(draft.auth);
  if (auth) webhook.auth = auth;
  if (draft.headers.length) webhook.headers = draft.headers;
  if (draft.live) {
    webhook.data_retrieval = { object: draft.object, fields: draft.fields };
    if (test) webhook.data_retrieval.test = test;
  }
  return webhook;
}

/**
 * The webhook as preview and test need it: before it has a name, and before its fields are picked.
 *
 * Fields are picked from the answer to a test, so a draft without any must be fit to be tested.
 */
export function toTrial(draft) {
  const { data_retrieval: live, ...webhook } = toWebhook(draft);
  if (live?.object && live.fields.length) webhook.data_retrieval = live;
  webhook.name ||= 'draft';
  return webhook;
}

/** What a test vouches for: everything that shapes the request, so neither the name nor the picked fields. */
export function shape(draft) {
  const { id, name, data_retrieval: live, ambiguous, ...request } = toWebhook(draft);
  return JSON.stringify(request);
}

/** What can be told without asking the gateway, in the shape of its faults. */
export function localFaults(draft, creating) {
  const faults = [];
  const need = (pointer, value, message) => {
    if (!isSet(value) && !String(value ?? '').trim()) faults.push({ pointer, message });
  };
  if (creating && !ID.test(draft.id)) {
    faults.push({ pointer: '/id', message: 'Use small letters, digits, - and _; begin with a letter or digit; 64 at most.' });
  }
  need('/name', draft.name, 'Give the webhook a name.');
  if (draft.destination === 'inkit') {
    need('/inkit/api_token', draft.inkit.api_token, 'Inkit needs the API token.');
    for (const [key, label, required] of INKIT) if (required) need(`/inkit/${key}`, draft.inkit[key], `${label} is required.`);
    need(
      '/inkit/first_name',
      `${draft.inkit.first_name ?? ''}${draft.inkit.last_name ?? ''}`,
      'Inkit needs a first or a last name.',
    );
  } else {
    need('/endpoint', draft.endpoint, 'Enter the address to call.');
  }
  if (draft.format === 'form' && new Set(draft.form.map((one) => one.name)).size < draft.form.length) {
    // As an object only the last would be sent, without a word.
    const twice = draft.form.find((one, at) => draft.form.findIndex((other) => other.name === one.name) < at);
    faults.push({ pointer: `/body/form/${step(twice.name)}`, message: 'This name is there twice.' });
  }
  if (draft.live) {
    need('/data_retrieval/object', draft.object, 'Name the object that the fields belong to.');
    if (draft.fields.length === 0)
      faults.push({
        pointer: '/data_retrieval/fields',
        message: 'Pick at least one field: run a test and choose from its answer.',
      });
  }
  return faults;
}
