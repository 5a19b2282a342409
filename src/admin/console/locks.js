// Tells which published journeys lock a webhook, and shows it.

import { get } from './api.js';
import { h } from './dom.js';

/** A tile locks its webhook when it captures Live Data and its journey is published (the gateway judges the same). */
export const locking = (tile) => tile.type === 'live_data' && tile.published;

export const tilesOf = async (id, signal) => (await get(`/webhooks/${encodeURIComponent(id)}/tiles`, signal)).tiles;

export const locksOf = async (id, signal) => (await tilesOf(id, signal)).filter(locking);

/** The explanation beside what the lock forbids; nothing where there is none. */
export function lockNote(locks) {
  if (locks.length === 0) return undefined;
  const ids = [...new Set(locks.map((one) => one.journey))];
  return h(
    'div',
    { class: 'note lock' },
    h('strong', {}, 'Locked. '),
    'A Live Data tile of a published journey relies on this webhook, so it can be neither edited nor deleted. Unpublish ',
    ids.map((journey, at) => [at > 0 && ', ', h('a', { href: `#/journeys/${encodeURIComponent(journey)}` }, journey)]),
    ' first; publish it again after the change.',
  );
}

/** The tiles that rely on a webhook, as a list. */
export function tileList(tiles) {
  if (tiles.length === 0) return h('p', { class: 'hint' }, 'No tile relies on it.');
  return h(
    'ul',
    { class: 'plain' },
    tiles.map((one) =>
      h(
        'li',
        {},
        h('a', { href: `#/journeys/${encodeURIComponent(one.journey)}` }, `${one.journey}/${one.tile}`),
        h('span', { class: 'hint' }, ` ${TYPES[one.type] ?? one.type}, ${one.published ? 'published' : 'not published'}`),
        locking(one) && ' ',
        locking(one) && h('span', { class: 'badge' }, 'locks'),
      ),
    ),
  );
}

export const TYPES = { webhook: 'Webhook', live_data: 'Live Data', user_profile: 'User Profile' };
