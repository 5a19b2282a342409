// What opens under a webhook of the list: its request body, and the tiles that rely on it.

import { fill, h } from './dom.js';
import { isSet } from './fields.js';
import { textBox } from './exchange.js';
import { lockNote, locking, tileList, tilesOf } from './locks.js';

const term = (name, ...value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));

export function webhookDetails({ id, webhook, method, broken }, signal) {
  if (broken)
    return h(
      'p',
      { class: 'note bad' },
      'Its file cannot be read, so nothing of it can be shown or edited here. The configuration errors at the top say what is wrong.',
    );
  const tiles = h('div', {}, h('p', { class: 'hint' }, 'Loading…'));
  const lock = h('div', {});
  tilesOf(id, signal).then(
    (found) => {
      fill(tiles, tileList(found));
      fill(lock, lockNote(found.filter(locking)));
    },
    (problem) => fill(tiles, h('p', { class: 'fault' }, problem.message)),
  );
  return h(
    'div',
    { class: 'details' },
    lock,
    h(
      'div',
      { class: 'columns' },
      h('section', {}, h('h2', {}, 'Request'), requestOf(webhook, method)),
      h('section', {}, h('h2', {}, 'Tiles that rely on it'), tiles),
    ),
  );
}

function requestOf(webhook, method) {
  const live = webhook.data_retrieval;
  const headers = webhook.headers ?? [];
  return h(
    'dl',
    { class: 'terms' },
    webhook.endpoint && term('Endpoint', h('code', {}, webhook.endpoint)),
    headers.length > 0 &&
      term(
        'Headers',
        headers.map((one) =>
          h('div', {}, h('code', {}, `${one.name}: ${isSet(one.value) ? `set (${one.value.set})` : one.value}`)),
        ),
      ),
    method === 'GET' ? term('Body', 'none: a GET sends no body') : bodyOf(webhook),
    live &&
      term('Live Data', h('code', {}, live.object), ': ', (live.fields ?? []).map((one) => `${one.name} (${one.type})`).join(', ')),
  );
}

function bodyOf(webhook) {
  const { body = {}, user_fields: fields = [], include_email_and_workflow_id: include = true } = webhook;
  const own = webhook.inkit ?? body.form;
  return [
    term('Format', body.format === 'form' ? 'URL-encoded' : 'JSON'),
    term('Email and workflowId', include ? 'included' : 'not included'),
    term('User fields', fields.length ? fields.join(', ') : 'none'),
    own &&
      term(
        webhook.inkit ? 'Inkit fields' : 'Custom body',
        Object.entries(own).map(([name, value]) =>
          h('div', {}, h('code', {}, `${name}: ${isSet(value) ? `set (${value.set})` : value}`)),
        ),
      ),
    body.json && term('Custom body', textBox(body.json, 'Custom body')),
  ];
}
