// Parts of the webhook form: what the webhook is, where its request goes, and how it proves who sends it.

import { h } from './dom.js';
import { INKIT } from './draft.js';
import { choice, isSet, rows, secret, text } from './fields.js';
import { options, section } from './section.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

export function identity(draft, { creating, redraw }) {
  return section(
    'Webhook',
    undefined,
    h(
      'div',
      { class: 'grid' },
      creating &&
        text(draft, 'id', {
          label: 'ID',
          pointer: '/id',
          required: true,
          mono: true,
          hint: 'Names its file and stays for good: small letters, digits, - and _.',
        }),
      text(draft, 'name', {
        label: 'Name',
        pointer: '/name',
        required: true,
        hint: 'Shown where a journey’s tile chooses a webhook.',
      }),
      choice(draft, 'destination', {
        label: 'Destination',
        pointer: '/destination',
        options: [
          ['custom', 'Custom'],
          ['inkit', 'Inkit'],
        ],
        then: redraw,
        hint: draft.destination === 'inkit' ? 'Method, endpoint and body are Inkit’s own.' : undefined,
      }),
    ),
  );
}

export function request(draft, { names, redraw }) {
  if (draft.destination === 'inkit') return inkit(draft, names);
  return section(
    'Request',
    undefined,
    h(
      'div',
      { class: 'grid' },
      choice(draft, 'method', { label: 'Method', pointer: '/method', options: options(METHODS), then: redraw, required: true }),
      ambiguous(draft),
      text(draft, 'endpoint', {
        label: 'Endpoint',
        pointer: '/endpoint',
        required: true,
        names,
        wide: true,
        placeholder: 'https://api.example.com/update',
        hint: 'May hold Handlebars. Values that can be more than letters and digits belong in {{#urlEncode}}…{{/urlEncode}}.',
      }),
    ),
  );
}

function ambiguous(draft) {
  return choice(draft, 'ambiguous', {
    label: 'When the answer is unknown',
    pointer: '/ambiguous',
    options: [
      ['', 'As the gateway’s default'],
      ['retry', 'Try again'],
      ['exit', 'User exits'],
    ],
    hint: 'After a timeout, or a connection lost once the request was sent.',
  });
}

function inkit(draft, names) {
  return section(
    'Inkit',
    'POST https://internal.inkit.io/integrations/webhook. One of first and last name is required.',
    h(
      'div',
      { class: 'grid' },
      secret(draft.inkit, 'api_token', { label: 'API token', pointer: '/inkit/api_token', required: true }),
      INKIT.map(([key, label, required]) => text(draft.inkit, key, { label, pointer: `/inkit/${key}`, required, names })),
      ambiguous(draft),
    ),
  );
}

export function authentication(draft, { redraw }) {
  const auth = draft.auth;
  const kind = choice(auth, 'type', {
    label: 'Type',
    pointer: '/auth/type',
    options: [
      ['none', 'None'],
      ['basic', 'Basic'],
      ['oauth2', 'OAuth 2.0'],
    ],
    then: redraw,
  });
  const more =
    auth.type === 'basic'
      ? secret(auth, 'token', {
          label: 'Authentication token',
          pointer: '/auth/token',
          required: true,
          hint: 'Sent as given after “Basic”: encode it first if the endpoint wants that.',
        })
      : auth.type === 'oauth2'
        ? [
            text(auth, 'client_id', { label: 'Client ID', pointer: '/auth/client_id', required: true }),
            secret(auth, 'client_secret', { label: 'Client secret', pointer: '/auth/client_secret', required: true }),
            text(auth, 'token_url', {
              label: 'Token URL',
              pointer: '/auth/token_url',
              required: true,
              mono: true,
              placeholder: 'https://auth.example.com/oauth/token',
            }),
            text(auth, 'scope', { label: 'Scope', pointer: '/auth/scope' }),
            text(auth, 'refresh_statuses', {
              label: 'Statuses that ask for a new token',
              pointer: '/auth/refresh_statuses',
              placeholder: '401',
              hint: 'Separated by commas.',
            }),
          ]
        : undefined;
  return section(
    'Authentication',
    undefined,
    h('div', { class: 'grid', 'data-pointer': '/auth' }, kind, more, h('p', { class: 'fault wide' })),
  );
}

export function headers(draft, { names }) {
  return section(
    'Custom headers',
    'Anyone who may see webhooks here sees these values: keep tokens to Authentication.',
    rows({
      items: draft.headers,
      blank: () => ({ name: '', value: '' }),
      add: 'Add header',
      noun: 'header',
      row: (header, at) => [
        text(header, 'name', { label: 'Name', pointer: `/headers/${at}/name` }),
        isSet(header.value)
          ? secret(header, 'value', {
              label: 'Value',
              pointer: `/headers/${at}/value`,
              hint: 'What is typed here becomes an ordinary value, shown to all.',
            })
          : text(header, 'value', { label: 'Value', pointer: `/headers/${at}/value`, names }),
      ],
    }).node,
  );
}
