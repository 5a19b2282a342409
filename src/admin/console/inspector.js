// The request inspector: an endpoint to throw away, and what was sent to it.

import { call, get, mayEdit } from './api.js';
import { button, every, fill, h, heading, say } from './dom.js';
import { clock, requestView } from './exchange.js';

/** The endpoint last made here: it outlives a change of page, as one goes off to use it. */
let endpoint;

export async function inspectorPage({ signal }) {
  const fault = h('p', { class: 'note', role: 'alert', hidden: true });
  const place = h('div', { class: 'inspected' });
  const make = button('Create an endpoint', create, { class: 'primary', disabled: !mayEdit() });
  let watching = new AbortController();
  signal.addEventListener('abort', () => watching.abort());

  async function create() {
    make.disabled = true;
    fault.hidden = true;
    try {
      endpoint = (await call('POST', '/inspect', { body: {} })).data;
      say('The endpoint is open.');
      show();
    } catch (problem) {
      fault.hidden = false;
      fill(
        fault,
        problem.type === 'inspector-off'
          ? [
              'The inspector is off. Switch it on in gateway.toml: ',
              h('code', {}, 'inspector = true'),
              ' under ',
              h('code', {}, '[admin]'),
              '.',
            ]
          : problem.message,
      );
    } finally {
      make.disabled = !mayEdit();
    }
  }

  function show() {
    watching.abort();
    watching = new AbortController();
    if (!endpoint) {
      fill(place, h('p', { class: 'hint' }, 'No endpoint yet.'));
      return;
    }
    const { id, url } = endpoint;
    const address = h('input', {
      id: 'inspect-url',
      type: 'text',
      readonly: true,
      value: url,
      class: 'mono',
      onfocus: () => address.select(),
    });
    const told = h('p', { class: 'hint', role: 'status' }, 'No request yet: waiting.');
    const list = h('ol', { class: 'requests' });
    fill(
      place,
      h(
        'div',
        { class: 'field' },
        h('label', { for: 'inspect-url' }, 'Address of the endpoint'),
        h(
          'div',
          { class: 'pair' },
          address,
          button('Copy address', () => copy(address)),
          button('Close', () => close(id), { class: 'quiet', disabled: !mayEdit() }),
        ),
      ),
      h('p', { class: 'hint' }, 'Use it as the endpoint of a webhook, or call it yourself. It is kept in memory only.'),
      h('h2', {}, 'Requests'),
      told,
      list,
    );
    const known = new Set();
    every(2_000, watching.signal, async () => {
      try {
        const { requests } = await get(`/inspect/${encodeURIComponent(id)}`, watching.signal);
        const turns = new Map();
        for (const one of requests) {
          // Requests have no id; the same one twice in a millisecond is still two.
          const stem = `${one.at} ${one.method} ${one.url} ${one.body ?? ''}`;
          turns.set(stem, (turns.get(stem) ?? 0) + 1);
          const key = `${turns.get(stem)} ${stem}`;
          if (known.has(key)) continue;
          known.add(key);
          list.prepend(h('li', { class: 'panel' }, h('p', { class: 'hint tabular' }, clock(one.at)), requestView(one)));
          fill(told, `${list.children.length} received, newest first.`);
        }
      } catch (problem) {
        if (watching.signal.aborted) return;
        fill(told, problem.status === 404 ? 'The endpoint is gone: it was closed, or has grown too old.' : problem.message);
        if (problem.status === 404) {
          endpoint = undefined;
          watching.abort();
        }
      }
    });
  }

  async function close(id) {
    try {
      await call('DELETE', `/inspect/${encodeURIComponent(id)}`);
    } catch (problem) {
      if (problem.status !== 404) {
        say(problem.message);
        return;
      }
    }
    endpoint = undefined;
    show();
    make.focus();
    say('The endpoint is closed.');
  }

  show();
  return h(
    'div',
    {},
    heading('Inspector', make),
    h(
      'p',
      { class: 'hint' },
      mayEdit()
        ? 'Opens an endpoint that records what is sent to it, so that a webhook can be tried without an outside service.'
        : 'Opening an endpoint needs the role editor.',
    ),
    fault,
    place,
  );
}

async function copy(address) {
  address.select();
  // Off loopback a page without TLS has no clipboard; the text is then selected, ready to be copied by hand.
  try {
    await navigator.clipboard.writeText(address.value);
    say('The address is copied.');
  } catch {
    say('Press the copy key: the address is selected.');
  }
}
