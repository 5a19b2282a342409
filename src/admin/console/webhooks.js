// The list of webhooks: what each calls, how it has fared in the last hour, and what can be done with it.

import { get, journeys, mayEdit, webhooks } from './api.js';
import { button, every, h, heading } from './dom.js';
import { pagedList, inAddress } from './list.js';
import { locking } from './locks.js';
import { copyWebhook, deleteWebhook } from './webhook-actions.js';
import { webhookDetails } from './webhook-details.js';

const AUTH = { none: 'None', basic: 'Basic', oauth2: 'OAuth 2.0' };
const INKIT_HOST = 'internal.inkit.io';
/** The place among the columns of what changes while one looks. */
const OUTCOMES = 5;
const TARGETS = 1000;
const NONE = { continue: 0, exit: 0, pending: 0 };

/** The host a template begins with; a template may make it, then it is shown as written. */
function hostOf(webhook) {
  if (webhook.destination === 'inkit') return INKIT_HOST;
  return /^[a-z]+:\/\/([^/?#]*)/i.exec(webhook.endpoint ?? '')?.[1] ?? '';
}

export async function webhookList({ signal, reload }) {
  // Without numbers the list is still of use.
  const statistics = () => get('/stats', signal).catch(() => undefined);
  const [hooks, lines, first] = await Promise.all([webhooks.list(signal), journeys.list(signal), statistics()]);
  const users = tilesByWebhook(lines);
  const byTile = new Map([...users].flatMap(([id, tiles]) => tiles.map((one) => [`${one.journey}/${one.id}`, id])));
  let hour = byWebhook(first?.targets ?? [], byTile);

  const rows = hooks.map((webhook) => {
    const tiles = users.get(webhook.id) ?? [];
    const row = {
      id: webhook.id,
      webhook,
      tiles,
      broken: !webhook.method && !webhook.inkit,
      method: webhook.destination === 'inkit' ? 'POST' : (webhook.method ?? ''),
      host: hostOf(webhook),
      auth: AUTH[webhook.auth?.type ?? 'none'] ?? webhook.auth.type,
      locked: tiles.some(locking),
    };
    row.words = [row.id, webhook.name, row.method, row.host, webhook.endpoint, row.auth].join(' ').toLowerCase();
    return row;
  });
  const counts = (row) => hour.get(row.id) ?? NONE;
  // Of more targets than that the gateway names the first: of the others nothing is known, and that is not zero.
  let partial = first === undefined || first.targets.length >= TARGETS;

  const list = pagedList({
    noun: 'webhooks',
    remember: inAddress(),
    name: (row) => row.webhook.name || row.id,
    words: (row) => row.words,
    columns: columns(
      (row) => hour.get(row.id) ?? (partial ? undefined : NONE),
      (row) => actions(row, reload),
    ),
    sorts: [
      ['Name', byName],
      ['Most steps', (a, b) => total(counts(b)) - total(counts(a)) || byName(a, b)],
      ['Most exits', (a, b) => counts(b).exit - counts(a).exit || byName(a, b)],
      ['Most tiles', (a, b) => b.tiles.length - a.tiles.length || byName(a, b)],
    ],
    filters: [
      ['All', () => true],
      ['With exits', (row) => counts(row).exit > 0],
      ['Live Data', (row) => Boolean(row.webhook.data_retrieval)],
      ['Locked', (row) => row.locked],
      ['Without tiles', (row) => row.tiles.length === 0],
    ],
    details: (row) => webhookDetails(row, signal),
    empty: 'There is no webhook yet. Create the first one, or put a file into conf/webhooks.',
  });

  list.show(rows);
  every(10_000, signal, async () => {
    const now = await statistics();
    if (!now) return;
    hour = byWebhook(now.targets, byTile);
    partial = now.targets.length >= TARGETS;
    list.refresh(OUTCOMES);
  });
  return h(
    'div',
    {},
    heading('Webhooks', mayEdit() ? h('a', { class: 'button primary', href: '#/new-webhook' }, 'New webhook') : undefined),
    list.node,
  );
}

const total = (counts) => counts.continue + counts.exit + counts.pending;
const { compare } = new Intl.Collator(undefined, { numeric: true });
const byName = (a, b) => compare(a.webhook.name || a.id, b.webhook.name || b.id) || compare(a.id, b.id);

function columns(counts, actionsOf) {
  return [
    {
      title: 'Webhook',
      class: 'name',
      cell: (row) => [
        h(
          'span',
          { class: 'under-name' },
          h('code', { class: 'hint' }, row.id),
          row.webhook.destination === 'inkit' && h('span', { class: 'badge' }, 'Inkit'),
          row.webhook.data_retrieval && h('span', { class: 'badge' }, 'Live Data'),
          row.locked && h('span', { class: 'badge strong' }, 'Locked'),
          row.broken && h('span', { class: 'badge bad' }, 'Cannot be read'),
        ),
      ],
    },
    { title: 'Method', cell: (row) => row.method || '–' },
    { title: 'Host', class: 'host', cell: (row) => h('span', { title: row.webhook.endpoint }, row.host || '–') },
    { title: 'Auth', cell: (row) => (row.broken ? '–' : row.auth) },
    { title: 'Tiles', class: 'number', cell: (row) => String(row.tiles.length) },
    { title: 'Last hour', class: 'number outcomes', cell: (row) => outcomes(counts(row)) },
    { title: 'Actions', class: 'doing', cell: actionsOf },
  ];
}

function outcomes(counts) {
  if (!counts) return h('span', { class: 'hint' }, 'not known');
  const all = total(counts);
  if (all === 0) return h('span', { class: 'hint' }, 'no steps');
  const ended = counts.continue + counts.exit;
  const share = ended ? Math.round((counts.exit / ended) * 1000) / 10 : 0;
  return h(
    'span',
    { class: 'counts' },
    h('span', {}, `${counts.continue.toLocaleString()} continue`),
    h('span', { class: counts.exit ? 'bad' : 'hint' }, `${counts.exit.toLocaleString()} exit${counts.exit ? ` (${share} %)` : ''}`),
    counts.pending > 0 && h('span', { class: 'hint' }, `${counts.pending.toLocaleString()} pending`),
  );
}

function actions(row, gone) {
  const named = (verb) => ({
    class: 'quiet',
    'aria-label': `${verb} ${row.webhook.name || row.id}`,
    disabled: !mayEdit() || row.broken,
  });
  return h(
    'div',
    { class: 'actions' },
    row.broken
      ? undefined
      : h(
          'a',
          {
            class: 'button quiet',
            href: `#/webhooks/${encodeURIComponent(row.id)}`,
            'aria-label': `${mayEdit() && !row.locked ? 'Edit' : 'View'} ${row.webhook.name || row.id}`,
          },
          mayEdit() && !row.locked ? 'Edit' : 'View',
        ),
    button('Copy', () => copyWebhook(row), named('Copy')),
    button('Delete', () => deleteWebhook(row, gone), { ...named('Delete'), disabled: !mayEdit() }),
  );
}

function tilesByWebhook(lines) {
  const users = new Map();
  for (const journey of lines) {
    for (const tile of journey.tiles ?? []) {
      if (!users.has(tile.webhook)) users.set(tile.webhook, []);
      users.get(tile.webhook).push({ ...tile, journey: journey.id, published: journey.published });
    }
  }
  return users;
}

/** Steps name a tile or a webhook: a tile's count for the webhook it calls now. */
function byWebhook(targets, byTile) {
  const sums = new Map();
  for (const target of targets) {
    const id = target.webhook ?? byTile.get(target.tile);
    if (id === undefined) continue;
    const sum = sums.get(id) ?? { ...NONE };
    for (const key of Object.keys(NONE)) sum[key] += target[key] ?? 0;
    sums.set(id, sum);
  }
  return sums;
}
