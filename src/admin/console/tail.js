// The live tail: outcomes as they come, filtered, paused, and never more than the last 500.

import { journeys } from './api.js';
import { button, debounce, fill, freshId, h, heading, say } from './dom.js';
import { clock, ms } from './exchange.js';

const KEPT = 500;
/** Many events in this time are one drawing: nobody reads faster. */
const DRAW_MS = 200;
const AGAIN_MS = 5000;
const NUMBERS = new Set(['Status', 'Attempts', 'Took']);

export async function tailPage({ signal }) {
  const webhookOf = new Map(
    (await journeys.list(signal)).flatMap((one) => (one.tiles ?? []).map((tile) => [`${one.id}/${tile.id}`, tile.webhook])),
  );
  const filter = { webhook: '', tile: '', outcome: '' };
  let lines = [];
  let held = [];
  let paused = false;
  let missed = 0;
  let drawing = false;

  const state = h('p', { class: 'hint', role: 'status' }, 'Connecting…');
  const count = h('p', { class: 'hint tabular' });
  const body = h('tbody', { role: 'rowgroup' });
  const pause = button(
    'Pause',
    () => {
      paused = !paused;
      pause.setAttribute('aria-pressed', String(paused));
      if (!paused) {
        lines = [...held, ...lines].slice(0, KEPT);
        held = [];
      }
      // On pausing too: what has come but is not drawn yet must not appear after.
      draw();
    },
    { 'aria-pressed': 'false' },
  );
  const empty = button('Clear', () => {
    lines = [];
    held = [];
    missed = 0;
    draw();
  });

  const fits = (one) =>
    (!filter.outcome || one.outcome === filter.outcome) &&
    (!filter.tile || (one.tile ?? '').includes(filter.tile)) &&
    (!filter.webhook || (one.webhook ?? webhookOf.get(one.tile) ?? '').includes(filter.webhook));
  const changed = () => {
    lines = lines.filter(fits);
    held = held.filter(fits);
    draw();
  };

  function take(event) {
    const one = JSON.parse(event.data);
    // Filtered before it is kept: under load the few that are looked for must not be pushed out.
    if (!fits(one)) return;
    const place = paused ? held : lines;
    place.unshift(one);
    if (place.length > KEPT) place.length = KEPT;
    if (paused) {
      tell();
      return;
    }
    if (drawing) return;
    drawing = true;
    setTimeout(() => {
      drawing = false;
      draw();
    }, DRAW_MS);
  }

  function draw() {
    const wanted = new Set(lines);
    const known = new Set();
    for (const node of [...body.children])
      if (wanted.has(node.event)) known.add(node.event);
      else node.remove();
    // New lines stand before all known ones, so those need not move, and a text selected in them stays so.
    body.prepend(...lines.filter((one) => !known.has(one)).map((one) => line(one, webhookOf)));
    tell();
  }

  function tell() {
    fill(
      count,
      `${lines.length} of at most ${KEPT} shown.`,
      paused && ` Paused; ${held.length} waiting.`,
      missed > 0 && ` ${missed} were lost because this page was too slow.`,
    );
  }

  listen({
    signal,
    take,
    lost: (event) => {
      missed += JSON.parse(event.data).count ?? 0;
      tell();
    },
    open: () => fill(state, 'Connected: outcomes appear as they come, newest first.'),
    broken: () => fill(state, 'The connection is lost. Trying again…'),
  });
  tell();
  return h(
    'div',
    {},
    heading('Live tail', pause, empty),
    h(
      'div',
      { class: 'tools', role: 'search' },
      entry('Webhook', filter, 'webhook', changed),
      entry('Tile', filter, 'tile', changed),
      outcomes(filter, changed),
    ),
    state,
    count,
    h(
      'div',
      { class: 'scroll tall', tabindex: '0', role: 'region', 'aria-label': 'Outcomes' },
      h(
        'table',
        { role: 'table', class: 'paged dense', 'aria-label': 'Outcomes' },
        h(
          'thead',
          { role: 'rowgroup' },
          h(
            'tr',
            { role: 'row' },
            ['Time', 'Tile or webhook', 'Outcome', 'Status', 'Attempts', 'Took', 'Step'].map((title) =>
              h('th', { role: 'columnheader', scope: 'col' }, title),
            ),
          ),
        ),
        body,
      ),
    ),
  );
}

function line(one, webhookOf) {
  // On a phone only a bare number needs its title beside it.
  const cell = (title, ...value) =>
    h('td', { role: 'cell', 'data-label': title, class: NUMBERS.has(title) ? '' : 'plainly' }, value);
  const bad = one.outcome === 'exit';
  const node = h(
    'tr',
    { role: 'row' },
    cell('Time', h('span', { class: 'tabular' }, clock(one.at))),
    cell(
      'Tile or webhook',
      h('span', {}, one.tile ?? one.webhook, one.tile && h('span', { class: 'hint' }, ` ${webhookOf.get(one.tile) ?? ''}`)),
    ),
    cell(
      'Outcome',
      h('span', { class: bad ? 'bad' : '' }, one.outcome, one.reason && ` (${one.reason}${one.cause ? `: ${one.cause}` : ''})`),
    ),
    cell('Status', one.status ?? '–'),
    cell('Attempts', one.attempts),
    cell('Took', took(one.elapsedMs)),
    cell('Step', h('code', { class: 'hint' }, one.id)),
  );
  node.event = one;
  return node;
}

/** The gateway counts whole milliseconds, and many an endpoint in the same building is faster than one. */
const took = (elapsed) => (elapsed === undefined ? '–' : elapsed === 0 ? '< 1 ms' : ms(elapsed));

/** Reads the stream until `signal`; the browser mends a lost connection itself, a refused one is asked for again. */
function listen({ signal, take, lost, open, broken }) {
  if (signal.aborted) return;
  const source = new EventSource('/admin/v1/events');
  source.addEventListener('open', open);
  source.addEventListener('outcome', take);
  source.addEventListener('lost', lost);
  source.addEventListener('error', () => {
    broken();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen({ signal, take, lost, open, broken }), AGAIN_MS);
  });
  signal.addEventListener('abort', () => source.close());
}

function entry(label, filter, key, changed) {
  const id = freshId('filter');
  return h(
    'div',
    { class: 'pick grow' },
    h('label', { for: id }, label),
    h('input', {
      id,
      type: 'search',
      autocomplete: 'off',
      spellcheck: 'false',
      oninput: debounce(200, (event) => {
        filter[key] = event.target.value.trim();
        changed();
      }),
    }),
  );
}

function outcomes(filter, changed) {
  const id = freshId('filter');
  return h(
    'div',
    { class: 'pick' },
    h('label', { for: id }, 'Outcome'),
    h(
      'select',
      {
        id,
        onchange: (event) => {
          filter.outcome = event.target.value;
          changed();
          say(event.target.value ? `Only ${event.target.value}.` : 'All outcomes.');
        },
      },
      [
        ['', 'All'],
        ['continue', 'Continue'],
        ['exit', 'Exit'],
        ['pending', 'Pending'],
      ].map(([value, text]) => h('option', { value }, text)),
    ),
  );
}
