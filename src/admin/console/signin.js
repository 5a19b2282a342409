// Signs in with a token and out again; the token goes from the field to the gateway and is kept nowhere here.

import { call, session } from './api.js';
import { fill, h } from './dom.js';

/** Asks who is signed in; gives whether anybody is. */
export async function resume() {
  try {
    const { data } = await call('GET', '/session', { quiet: true });
    session.name = data.name ?? '';
    session.role = data.role ?? 'viewer';
    return true;
  } catch (problem) {
    if (problem.status === 401) return false;
    throw problem;
  }
}

export async function signOut() {
  session.role = '';
  await call('DELETE', '/session', { quiet: true });
}

/** The page that asks for the token, and calls `done` once it is accepted. */
export function signInPage(done) {
  const token = h('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    'aria-describedby': 'token-hint token-fault',
  });
  const fault = h('p', { id: 'token-fault', class: 'fault', role: 'alert' });
  const submit = h('button', { class: 'primary' }, 'Sign in');

  async function send(event) {
    event.preventDefault();
    fill(fault);
    submit.disabled = true;
    try {
      await call('POST', '/session', { body: { token: token.value }, quiet: true });
      await resume();
      done();
    } catch (problem) {
      fill(fault, reason(problem));
      token.setAttribute('aria-invalid', 'true');
      token.focus();
    } finally {
      token.value = '';
      submit.disabled = false;
    }
  }

  return h(
    'main',
    { id: 'main', class: 'signin' },
    h(
      'form',
      { class: 'panel', onsubmit: send },
      h('h1', { tabindex: '-1' }, 'Stepgate console'),
      h('label', { for: 'token' }, 'Admin token'),
      token,
      h(
        'p',
        { id: 'token-hint', class: 'hint' },
        'The token set under [admin] in gateway.toml. Where none is set, the gateway made one at its first start, in its data folder.',
      ),
      fault,
      submit,
    ),
  );
}

function reason(problem) {
  if (problem.status === 401) return 'This token is not known.';
  if (problem.status !== 429) return problem.message;
  const wait = problem.retryAfter ? ` Try again in ${problem.retryAfter} s.` : '';
  return `Too many failed sign-ins.${wait}`;
}
