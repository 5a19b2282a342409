// Draws line charts by hand in SVG: time to the right, one unit upwards, lines told apart by dash as well as by shade.

import { fill, h, s } from './dom.js';
import { clock } from './exchange.js';

const HEIGHT = 176;
const LEFT = 48;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 24;
/** Below this the labels of the time axis would touch. */
const TIME_LABEL = 88;

/** The next number above `value` whose half is short to write, so that the middle of the axis is too. */
function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].map((one) => one * power).find((one) => one >= value * 0.999);
}

const short = (value) =>
  value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0, notation: value >= 10_000 ? 'compact' : 'standard' });

/** One line; where a value is null there is a gap, as nothing happened that could be measured. */
function path(values, x, y) {
  let pen = 'M';
  return values
    .map((value, at) => {
      if (value === null || value === undefined) {
        pen = 'M';
        return '';
      }
      const part = `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = 'L';
      return part;
    })
    .join('');
}

/** Draws, and gives the sample that stands at a distance from the left edge. */
function draw(place, width, { title, unit, times, series }) {
  const top = ceiling(Math.max(0, ...series.flatMap((one) => one.values.filter((value) => value !== null && value !== undefined))));
  const last = Math.max(1, times.length - 1);
  const x = (at) => LEFT + (at / last) * (width - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.5, 1].map((part) => [
    s('line', { x1: LEFT, x2: width - RIGHT, y1: y(top * part), y2: y(top * part), class: 'grid-line' }),
    s('text', { x: LEFT - 8, y: y(top * part) + 4, class: 'axis', 'text-anchor': 'end' }, short(top * part)),
  ]);
  const count = Math.max(2, Math.floor((width - LEFT) / TIME_LABEL));
  // Of few samples several labels would stand at one.
  const ticks = [...new Set(Array.from({ length: count }, (_, n) => Math.round((n / (count - 1)) * last)))];
  const axis = ticks.map((at, n) =>
    s(
      'text',
      {
        x: x(at),
        y: HEIGHT - 6,
        class: 'axis',
        'text-anchor': n === 0 ? 'start' : n === ticks.length - 1 ? 'end' : 'middle',
      },
      clock(times[at]).slice(0, 5),
    ),
  );
  const lines = series.map((one, n) => s('path', { d: path(one.values, x, y), class: `series series-${n}` }));
  const said = series
    .map(
      (one) => `${one.name} ${one.values.at(-1) === null || one.values.at(-1) === undefined ? 'none' : short(one.values.at(-1))}`,
    )
    .join(', ');
  fill(
    place,
    s(
      'svg',
      {
        width,
        height: HEIGHT,
        role: 'img',
        'aria-label': `${title} in ${unit}, last hour. Now: ${said}. The table below has the values.`,
      },
      grid,
      axis,
      lines,
    ),
  );
  return (distance) => Math.min(last, Math.max(0, Math.round(((distance - LEFT) / (width - LEFT - RIGHT)) * last)));
}

/** A chart that follows the width it is given; `show(times, series)` draws it anew. */
export function lineChart({ title, unit, names, signal }) {
  const place = h('div', { class: 'plot' });
  const legend = h('ul', { class: 'legend tabular' });
  let shown;
  let sampleAt;
  const redraw = () => {
    if (!shown || !place.clientWidth) return;
    // One point is no line yet.
    if (shown.times.length < 2) fill(place, h('p', { class: 'empty' }, 'The line begins with the second sample.'));
    else sampleAt = draw(place, place.clientWidth, shown);
  };
  // A pointer reads a moment off the lines; without one the table has every value.
  place.addEventListener('pointermove', (event) => {
    if (sampleAt) tell(sampleAt(event.offsetX));
  });
  place.addEventListener('pointerleave', () => tell());
  function tell(at = -1) {
    if (!shown) return;
    fill(
      legend,
      shown.series.map((one, n) => {
        const value = one.values.at(at);
        return h(
          'li',
          {},
          s(
            'svg',
            { viewBox: '0 0 24 8', 'aria-hidden': 'true', class: 'key' },
            s('path', { d: 'M0 4L24 4', class: `series series-${n}` }),
          ),
          `${one.name} ${value === null || value === undefined ? '–' : short(value)}`,
        );
      }),
      at >= 0 && h('li', { class: 'hint' }, `at ${clock(shown.times[at])}`),
    );
  }
  const watch = new ResizeObserver(redraw);
  watch.observe(place);
  signal.addEventListener('abort', () => watch.disconnect());
  return {
    node: h('section', { class: 'panel chart' }, h('h2', {}, title, h('span', { class: 'hint' }, ` ${unit}`)), place, legend),
    show: (times, values) => {
      shown = { title, unit, times, series: names.map((name, n) => ({ name, values: values[n] })) };
      tell();
      redraw();
    },
  };
}
