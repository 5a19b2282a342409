// The list of journeys, and what changes one as a whole: publishing, unpublishing, deleting.

import { journeys, mayEdit } from './api.js';
import { ask } from './dialog.js';
import { button, h, heading, say } from './dom.js';
import { inAddress, pagedList } from './list.js';
import { TYPES } from './locks.js';

const { compare } = new Intl.Collator(undefined, { numeric: true });

export async function journeyList({ signal, reload }) {
  const rows = (await journeys.list(signal)).map((journey) => ({
    id: journey.id,
    journey,
    tiles: journey.tiles ?? [],
    broken: journey.workflow_id === undefined,
    words: [journey.id, journey.name, journey.workflow_id, ...(journey.tiles ?? []).flatMap((one) => [one.id, one.webhook])]
      .join(' ')
      .toLowerCase(),
  }));
  const byName = (a, b) => compare(a.journey.name || a.id, b.journey.name || b.id);
  const list = pagedList({
    noun: 'journeys',
    remember: inAddress(),
    name: (row) => row.journey.name || row.id,
    words: (row) => row.words,
    columns: [
      {
        title: 'Journey',
        class: 'name',
        cell: (row) =>
          h(
            'span',
            { class: 'under-name' },
            h('code', { class: 'hint' }, row.id),
            row.broken && h('span', { class: 'badge bad' }, 'Cannot be read'),
          ),
      },
      { title: 'Workflow ID', class: 'number', cell: (row) => String(row.journey.workflow_id ?? '–') },
      {
        title: 'State',
        cell: (row) =>
          h(
            'span',
            { class: row.journey.published ? 'badge strong' : 'badge' },
            row.journey.published ? 'Published' : 'Not published',
          ),
      },
      { title: 'Tiles', class: 'number', cell: (row) => String(row.tiles.length) },
      { title: 'Actions', class: 'doing', cell: (row) => actions(row, reload) },
    ],
    sorts: [
      ['Name', byName],
      ['Most tiles', (a, b) => b.tiles.length - a.tiles.length || byName(a, b)],
    ],
    filters: [
      ['All', () => true],
      ['Published', (row) => row.journey.published],
      ['Not published', (row) => !row.journey.published],
    ],
    details: (row) => tileTable(row.tiles),
    empty: 'There is no journey yet. Create one to call webhooks at tiles, with rate limits and parameters.',
  });
  list.show(rows);
  return h(
    'div',
    {},
    heading('Journeys', mayEdit() ? h('a', { class: 'button primary', href: '#/new-journey' }, 'New journey') : undefined),
    list.node,
  );
}

function actions({ id, journey, broken }, reload) {
  const named = (verb) => ({ class: 'quiet', 'aria-label': `${verb} ${journey.name || id}`, disabled: !mayEdit() || broken });
  const verb = journey.published ? 'Unpublish' : 'Publish';
  return h(
    'div',
    { class: 'actions' },
    broken
      ? undefined
      : h(
          'a',
          {
            class: 'button quiet',
            href: `#/journeys/${encodeURIComponent(id)}`,
            'aria-label': `${mayEdit() ? 'Edit' : 'View'} ${journey.name || id}`,
          },
          mayEdit() ? 'Edit' : 'View',
        ),
    button(verb, () => publish(id, journey, reload), named(verb)),
    button('Delete', () => deleteJourney(id, journey, reload), { ...named('Delete'), disabled: !mayEdit() }),
  );
}

/** Publishes or unpublishes, having told what it locks or unlocks. */
export async function publish(id, journey, then) {
  const live = [...new Set((journey.tiles ?? []).filter((one) => one.type === 'live_data').map((one) => one.webhook))];
  const verb = journey.published ? 'Unpublish' : 'Publish';
  const effect =
    live.length === 0
      ? 'It has no Live Data tile, so no webhook is locked by it.'
      : journey.published
        ? `Its Live Data webhooks can be edited again, unless another journey locks them: ${live.join(', ')}.`
        : `Its Live Data webhooks can then be neither edited nor deleted: ${live.join(', ')}.`;
  const done = await ask({
    title: `${verb} ${journey.name || id}?`,
    body: [h('p', {}, effect), h('p', { class: 'hint' }, 'Steps run either way.')],
    label: verb,
    act: async () => {
      await journeys.act(id, verb.toLowerCase());
      return true;
    },
  });
  if (!done) return;
  await then();
  say(`Journey ${id} is ${journey.published ? 'not published any more' : 'published'}.`);
}

/** Deletes after a dialog, and then calls `gone`. */
async function deleteJourney(id, journey, gone) {
  const count = journey.tiles?.length ?? 0;
  const deleted = await ask({
    title: `Delete ${journey.name || id}?`,
    danger: true,
    label: 'Delete journey',
    body: h(
      'p',
      {},
      `Its ${count === 1 ? 'tile goes' : `${count} tiles go`} with it. Steps that wait at one exit; new ones are refused as of an unknown tile.`,
    ),
    act: async () => {
      await journeys.remove(id);
      return true;
    },
  });
  if (!deleted) return;
  await gone();
  say(`Journey ${id} is deleted.`);
}

function tileTable(tiles) {
  if (tiles.length === 0) return h('p', { class: 'hint' }, 'It has no tile.');
  return h(
    'div',
    { class: 'details' },
    h('h2', {}, 'Tiles'),
    h(
      'ul',
      { class: 'plain' },
      tiles.map((one) =>
        h(
          'li',
          {},
          h('code', {}, one.id),
          ` ${TYPES[one.type] ?? one.type}, calls `,
          h('a', { href: `#/webhooks/${encodeURIComponent(one.webhook)}` }, one.webhook),
          h('span', { class: 'hint' }, [
            one.rate_limit ? `, at most ${one.rate_limit}` : ', no rate limit',
            one.type === 'live_data' && `, on failure ${one.on_failure ?? 'exit'}`,
            one.parameters && `, parameters ${Object.keys(one.parameters).join(', ')}`,
          ]),
        ),
      ),
    ),
  );
}
