// Shows requests, answers and their timing: the parts that preview, test and inspector have in common.

import { h, s } from './dom.js';

const PHASES = [
  ['dns', 'DNS'],
  ['connect', 'Connect'],
  ['tls', 'TLS'],
  ['firstByte', 'First byte'],
  ['body', 'Body'],
];

/** Text that may be long, in a box that scrolls by keyboard too. */
export function textBox(text, label) {
  return h('pre', { class: 'text', tabindex: '0', role: 'group', 'aria-label': label }, text);
}

function headerList(headers) {
  return h(
    'dl',
    { class: 'headers' },
    headers.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

/** A request as it goes out: exact text, nothing made prettier than it is sent. */
export function requestView({ method, url, headers = [], body }) {
  return h(
    'div',
    { class: 'exchange' },
    h('p', { class: 'line' }, h('strong', {}, method), ' ', h('code', {}, url)),
    headers.length > 0 && headerList(headers),
    body ? textBox(body, 'Request body') : h('p', { class: 'hint' }, 'No body.'),
  );
}

/** An answer; a JSON body is laid out, as it is there to be read. */
export function responseView({ status, headers = [], body }) {
  return h(
    'div',
    { class: 'exchange' },
    h('p', { class: 'line' }, h('strong', {}, `Status ${status}`)),
    headers.length > 0 && h('details', {}, h('summary', {}, `${headers.length} headers`), headerList(headers)),
    body ? textBox(laidOut(body), 'Response body') : h('p', { class: 'hint' }, 'No body.'),
  );
}

function laidOut(body) {
  // Parsing would round long numbers, and this page must not show what was not sent.
  if (/\d{16}/.test(body)) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** The phases of an attempt as a bar and in words. */
export function timingView(timing) {
  const phases = PHASES.filter(([key]) => typeof timing[key] === 'number').map(([key, label]) => ({ key, label, ms: timing[key] }));
  const total = phases.reduce((sum, one) => sum + one.ms, 0);
  let x = 0;
  const bars = phases.map((one, at) => {
    const width = total ? (one.ms / total) * 100 : 0;
    const bar = s('rect', { x: x.toFixed(2), y: 0, width: width.toFixed(2), height: 8, class: `phase phase-${at}` });
    x += width;
    return bar;
  });
  const words = phases.map((one) => `${one.label} ${ms(one.ms)}`).join(', ');
  return h(
    'div',
    { class: 'timing' },
    s(
      'svg',
      { viewBox: '0 0 100 8', preserveAspectRatio: 'none', role: 'img', 'aria-label': `${ms(total)} in all: ${words}` },
      bars,
    ),
    h(
      'ul',
      { class: 'legend' },
      phases.map((one, at) =>
        h(
          'li',
          {},
          s(
            'svg',
            { viewBox: '0 0 8 8', 'aria-hidden': 'true', class: 'swatch' },
            s('rect', { width: 8, height: 8, class: `phase phase-${at}` }),
          ),
          `${one.label} ${ms(one.ms)}`,
        ),
      ),
      h('li', {}, h('strong', {}, `${ms(total)} in all`)),
    ),
  );
}

export const ms = (value) => `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ms`;

/** A time of this day, in the reader's zone, as a tail or a table needs it. */
export const clock = (at) => new Date(at).toLocaleTimeString([], { hour12: false });
