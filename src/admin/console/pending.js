// What waits on the schedule, for which tile and why.

import { get } from './api.js';
import { debounce, every, fill, h, heading } from './dom.js';
import { clock } from './exchange.js';

const SHOWN = 100;

const REASONS = { retry: 'retry', rate_limit: 'rate limit', busy: 'host busy', async: 'asynchronous', in_flight: 'in flight' };

export async function pendingPage({ signal }) {
  let tile = '';
  const fault = h('p', { class: 'fault', role: 'status' });
  const totals = h('dl', { class: 'terms row' });
  const tiles = h('tbody', {});
  const lines = h('tbody', { role: 'rowgroup' });
  const told = h('p', { class: 'hint', role: 'status' });

  async function refresh() {
    try {
      const data = await get(`/schedule?limit=${SHOWN}${tile ? `&tile=${encodeURIComponent(tile)}` : ''}`, signal);
      fill(fault, data.accepts ? '' : 'The store does not accept new steps: what would have to wait is refused with 503.');
      const steps = data.steps ?? [];
      steps.sort((a, b) => due(a) - due(b));
      fill(totals, summary(data));
      fill(tiles, (data.tiles ?? []).map(tileRow), none(data.tiles, 2, 'Nothing waits.'));
      fill(lines, steps.map(stepRow), none(steps, 6, 'No step.'));
      fill(
        told,
        data.pending > steps.length
          ? `The first ${steps.length} of ${data.pending.toLocaleString('en')} that wait, next due first.`
          : '',
      );
    } catch (problem) {
      if (!signal.aborted) fill(fault, problem.message);
    }
  }
  await every(5_000, signal, refresh);
  const search = h('input', {
    id: 'pending-tile',
    type: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'welcome/claim-offer',
    oninput: debounce(300, (event) => {
      tile = event.target.value.trim();
      refresh();
    }),
  });
  return h(
    'div',
    {},
    heading('Pending'),
    fault,
    totals,
    h(
      'section',
      { class: 'panel', 'aria-labelledby': 'by-tile' },
      h('h2', { id: 'by-tile' }, 'By tile'),
      h(
        'div',
        { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Pending by tile' },
        h(
          'table',
          { class: 'plain-table' },
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              ['Tile or webhook', 'Pending and why'].map((title) => h('th', { scope: 'col' }, title)),
            ),
          ),
          tiles,
        ),
      ),
    ),
    h(
      'section',
      { 'aria-labelledby': 'by-step' },
      h('h2', { id: 'by-step' }, 'Steps'),
      h(
        'div',
        { class: 'tools', role: 'search' },
        h('div', { class: 'pick grow' }, h('label', { for: 'pending-tile' }, 'Tile'), search),
      ),
      told,
      h(
        'table',
        { role: 'table', class: 'paged', 'aria-label': 'Pending steps' },
        h(
          'thead',
          { role: 'rowgroup' },
          h(
            'tr',
            { role: 'row' },
            ['Due', 'Tile or webhook', 'Why', 'Status', 'Attempts', 'Step'].map((title) =>
              h('th', { role: 'columnheader', scope: 'col' }, title),
            ),
          ),
        ),
        lines,
      ),
    ),
  );
}

const term = (name, value) => h('div', {}, h('dt', {}, name), h('dd', { class: 'tabular' }, value));
const none = (list, columns, text) => !list?.length && h('tr', {}, h('td', { class: 'none', colspan: columns }, text));

/** When a step goes; one that is under way comes first. */
const due = (step) => (step.running ? 0 : Date.parse(step.dueAt));

function summary({ pending, steps, freeBytes }) {
  // Not `oldestDue`: the oldest may be waiting for its tile's turn, and only a step's own line tells when that is.
  const next = steps?.find((one) => !one.running)?.dueAt;
  return [
    term('Pending', pending.toLocaleString('en')),
    next && term('Next due', `${clock(next)}${new Date(next) < new Date() ? ' (overdue)' : ''}`),
    freeBytes !== undefined && term('Free in the store', `${(freeBytes / 2 ** 30).toFixed(1)} GiB`),
  ];
}

const tileRow = (one) =>
  h(
    'tr',
    {},
    h('th', { scope: 'row' }, one.tile ?? one.webhook),
    h(
      'td',
      { class: 'tabular' },
      h('strong', {}, one.pending.toLocaleString('en')),
      h(
        'span',
        { class: 'hint' },
        ` ${Object.entries(one.reasons ?? {})
          .map(([reason, n]) => `${REASONS[reason] ?? reason} ${n}`)
          .join(', ')}`,
      ),
    ),
  );

function stepRow(one) {
  const cell = (title, ...value) => h('td', { role: 'cell', 'data-label': title }, value);
  return h(
    'tr',
    { role: 'row' },
    cell('Due', h('span', { class: 'tabular' }, one.running ? 'now' : clock(one.dueAt))),
    cell('Tile or webhook', one.tile ?? one.webhook),
    cell('Why', h('span', {}, REASONS[one.reason] ?? one.reason, one.cause && h('span', { class: 'hint' }, ` ${one.cause}`))),
    cell('Status', one.status ?? '–'),
    cell('Attempts', one.attempts),
    cell('Step', h('code', { class: 'hint' }, one.id)),
  );
}
