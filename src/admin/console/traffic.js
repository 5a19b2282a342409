// The charts of the last hour, and the same numbers as a table.

import { get } from './api.js';
import { every, fill, h, heading } from './dom.js';
import { clock } from './exchange.js';
import { lineChart } from './charts.js';

/** Samples to a row of the table: six of 10 s are a minute, and an hour is then a list one can read. */
const TO_A_ROW = 6;

export async function trafficPage({ signal }) {
  const fault = h('p', { class: 'fault', role: 'status' });
  const charts = [
    [
      lineChart({ title: 'Steps', unit: 'per second', names: ['Continue', 'Exit', 'Pending'], signal }),
      (one, seconds) => [one.continue / seconds, one.exit / seconds, one.pending / seconds],
    ],
    [lineChart({ title: 'Latency', unit: 'ms', names: ['p50', 'p95', 'p99'], signal }), (one) => [one.p50Ms, one.p95Ms, one.p99Ms]],
    [
      lineChart({ title: 'Waiting', unit: 'steps', names: ['On the schedule', 'In flight'], signal }),
      (one) => [one.scheduled, one.inFlight],
    ],
    [lineChart({ title: 'Pacing', unit: 'ms waited for a slot', names: ['Slot wait'], signal }), (one) => [one.slotWaitMs]],
  ];
  const body = h('tbody', {});

  async function refresh() {
    try {
      const stats = await get('/stats', signal);
      const times = stats.samples.map((one) => one.at);
      for (const [chart, pick] of charts) {
        const values = stats.samples.map((one) => pick(one, stats.every));
        chart.show(times, values[0] ? values[0].map((_, n) => values.map((row) => row[n])) : [[], [], []]);
      }
      fill(body, minutes(stats.samples).map(row));
      fill(fault);
    } catch (problem) {
      if (!signal.aborted) fill(fault, `${problem.message} The charts show what was known before.`);
    }
  }
  await every(10_000, signal, refresh);
  return h(
    'div',
    {},
    heading('Traffic'),
    h('p', { class: 'hint' }, 'The last hour, one sample each 10 s. Counted by this gateway since its start.'),
    fault,
    h(
      'div',
      { class: 'charts' },
      charts.map(([chart]) => chart.node),
    ),
    h(
      'details',
      { class: 'panel' },
      h('summary', {}, 'The values as a table, by the minute'),
      h(
        'div',
        { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Values by the minute' },
        h(
          'table',
          { class: 'plain-table tabular' },
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              [
                'Time',
                'Steps',
                'Continue',
                'Exit',
                'Pending',
                'p50 ms',
                'p95 ms',
                'p99 ms',
                'In flight',
                'Scheduled',
                'Slot wait ms',
              ].map((title) => h('th', { scope: 'col' }, title)),
            ),
          ),
          body,
        ),
      ),
    ),
  );
}

/** Counts are summed over a row's samples; of a level or a percentile the worst is told. */
function minutes(samples) {
  const rows = [];
  for (let end = samples.length; end > 0; end -= TO_A_ROW) {
    const part = samples.slice(Math.max(0, end - TO_A_ROW), end);
    const sum = (key) => part.reduce((total, one) => total + (one[key] ?? 0), 0);
    const most = (key) =>
      part.reduce((top, one) => (one[key] === null || one[key] === undefined ? top : Math.max(top ?? 0, one[key])), undefined);
    rows.push([
      clock(part.at(-1).at),
      sum('steps'),
      sum('continue'),
      sum('exit'),
      sum('pending'),
      most('p50Ms'),
      most('p95Ms'),
      most('p99Ms'),
      most('inFlight'),
      most('scheduled'),
      most('slotWaitMs'),
    ]);
  }
  return rows;
}

const row = ([time, ...values]) =>
  h(
    'tr',
    {},
    h('th', { scope: 'row' }, time),
    values.map((value) => h('td', {}, value === undefined ? '–' : value.toLocaleString('en', { maximumFractionDigits: 1 }))),
  );
