// Copying and deleting a webhook, each behind a dialog that tells what follows.

import { webhooks } from './api.js';
import { ask } from './dialog.js';
import { h, say } from './dom.js';
import { ID } from './draft.js';
import { text } from './fields.js';
import { lockNote, locking, tileList, tilesOf } from './locks.js';

/** Copies under a new id, and opens the copy: its authentication is still to be entered. */
export async function copyWebhook({ id }) {
  const model = { id: `${id}-copy`.slice(0, 64) };
  const made = await ask({
    title: `Copy ${id}`,
    body: [
      text(model, 'id', { label: 'ID of the copy', required: true, mono: true }),
      h('p', { class: 'note' }, 'Authentication and secret headers are not copied: enter them in the copy.'),
    ],
    label: 'Copy',
    act: async () => {
      if (!ID.test(model.id)) throw new Error('Use small letters, digits, - and _; begin with a letter or digit; 64 at most.');
      return (await webhooks.act(id, 'copy', { id: model.id })).data;
    },
  });
  if (!made) return;
  location.hash = `#/webhooks/${encodeURIComponent(made.id ?? model.id)}`;
  say(`Copied to ${made.id ?? model.id}, without authentication.`);
}

/** Deletes after having told who relies on it, and then calls `gone`. */
export async function deleteWebhook({ id }, gone) {
  let tiles;
  try {
    tiles = await tilesOf(id);
  } catch (problem) {
    say(problem.message);
    return;
  }
  const locks = tiles.filter(locking);
  const relied = [
    h('h3', {}, tiles.length === 1 ? 'One tile relies on it' : `${tiles.length} tiles rely on it`),
    h('div', { class: 'scroll' }, tileList(tiles)),
  ];
  if (locks.length) {
    await ask({ title: `${id} cannot be deleted`, body: [lockNote(locks), relied] });
    return;
  }
  const deleted = await ask({
    title: `Delete ${id}?`,
    danger: true,
    label: 'Delete webhook',
    body: [
      h(
        'p',
        {},
        tiles.length
          ? 'Users who reach one of these tiles, and those who wait at one, exit the journey.'
          : 'Its file is removed. This cannot be taken back.',
      ),
      tiles.length > 0 && relied,
    ],
    act: async () => {
      await webhooks.remove(id);
      return true;
    },
  });
  if (!deleted) return;
  await gone();
  say(`Webhook ${id} is deleted.`);
}
