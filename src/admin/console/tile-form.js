// The controls of one tile of a journey: what it calls, how often, and with which parameters.

import { fill, h } from './dom.js';
import { choice, field, rows, step, text } from './fields.js';
import { TYPES } from './locks.js';

/** From here on a list to choose from is longer than one to type into. */
export const LONG = 100;

const NAMES = ['email', 'userId', 'workflowId', 'profile', 'dataFields', 'liveData'];

/** The controls of one tile; `known` are the webhooks by id. */
export function tileRow(tile, at, known) {
  const of = (key) => `/tiles/${at}/${key}`;
  const failure = h('div', { class: 'slot' });
  const fit = h('p', { class: 'hint', role: 'status' });
  const judge = () => {
    fill(
      failure,
      tile.type === 'live_data' &&
        choice(tile, 'on_failure', {
          label: 'On failure',
          pointer: of('on_failure'),
          options: [
            ['', 'Default (exit)'],
            ['exit', 'User exits'],
            ['branch', 'Continue on the failure path'],
          ],
        }),
    );
    fill(fit, unfit(tile, known.get(tile.webhook)));
  };
  const node = h(
    'div',
    { class: 'tile' },
    h(
      'div',
      { class: 'grid' },
      text(tile, 'id', { label: 'Tile ID', pointer: of('id'), required: true, mono: true }),
      choice(tile, 'type', { label: 'Type', pointer: of('type'), options: Object.entries(TYPES), then: judge }),
      webhookChoice(tile, of('webhook'), known, judge),
      rateLimit(tile, of('rate_limit')),
      failure,
    ),
    fit,
    h('h3', {}, 'Dynamic parameters'),
    h('p', { class: 'hint' }, 'Added to the query of the webhook’s URL, for this tile alone.'),
    rows({
      items: tile.parameters,
      blank: () => ({ name: '', value: '' }),
      add: 'Add parameter',
      noun: 'parameter',
      row: (pair) => {
        const value = text(pair, 'value', { label: 'Value', pointer: of(`parameters/${step(pair.name)}`), names: () => NAMES });
        const name = text(pair, 'name', { label: 'Name', mono: true });
        name.addEventListener('input', () => {
          value.dataset.pointer = of(`parameters/${step(pair.name)}`);
        });
        return [name, value];
      },
    }).node,
  );
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
  if (!known.has(tile.webhook))
    options.unshift([tile.webhook, tile.webhook ? `${tile.webhook} (does not exist)` : 'Choose a webhook']);
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
  const rate = h('input', {
    type: 'text',
    inputmode: 'numeric',
    value: tile.rate,
    'aria-label': 'Rate limit, steps',
    oninput: (event) => {
      tile.rate = event.target.value.trim();
    },
  });
  const unit = h(
    'select',
    {
      id,
      value: tile.unit,
      oninput: (event) => {
        tile.unit = event.target.value;
        show();
      },
    },
    [
      ['', 'No limit'],
      ['second', 'per second'],
      ['minute', 'per minute'],
      ['hour', 'per hour'],
    ].map(([value, label]) => h('option', { value }, label)),
  );
  const show = () => {
    rate.hidden = !tile.unit;
  };
  show();
  return field({ label: 'Rate limit', control: unit, box: h('div', { class: 'pair' }, rate, unit), pointer });
}
