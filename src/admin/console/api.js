// Speaks with the admin API: one function for all calls, one error type for all refusals.

const BASE = '/admin/v1';

/** Who is signed in; `role` is empty before that. The token itself stays in a cookie the page cannot read. */
export const session = { name: '', role: '' };

export const mayEdit = () => session.role === 'editor' || session.role === 'admin';

/** A refusal, as the gateway words it (RFC 9457); `status` is 0 where no answer came. */
class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The gateway answered ${status}.`);
    this.status = status;
    this.type = body.type ?? '';
    this.retryAfter = body.retryAfter;
    // One shape for both: a problem with a pointer is a list of one fault.
    this.faults = body.faults ?? (body.pointer === undefined ? [] : [{ pointer: body.pointer, message: this.message }]);
  }
}

let signedOut = () => {};

/** What to do when the session has ended under the page. */
export const onSignedOut = (action) => {
  signedOut = action;
};

/**
 * Sends one request and gives `{data, etag}`.
 *
 * Throws a `Problem` for every refusal. A 401 also leads to the sign-in, unless `quiet`.
 */
export async function call(method, path, { body, etag, signal, quiet } = {}) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (etag) headers['If-Match'] = etag;
  let answer;
  let said;
  try {
    answer = await fetch(BASE + path, {
      method,
      headers,
      signal,
      cache: 'no-store',
      credentials: 'same-origin',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    said = await answer.text();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, { type: 'unreachable', detail: 'The gateway does not answer. It may be restarting.' });
  }
  const data = decode(said);
  if (answer.ok) return { data, etag: answer.headers.get('ETag') };
  if (answer.status === 401 && !quiet) signedOut();
  throw new Problem(answer.status, { ...data, retryAfter: answer.headers.get('Retry-After') });
}

// A proxy in between may answer with something that is not JSON; its status still counts.
function decode(said) {
  try {
    return JSON.parse(said) ?? {};
  } catch {
    return {};
  }
}

export const get = async (path, signal) => (await call('GET', path, { signal })).data;

const at = (kind, id) => `/${kind}/${encodeURIComponent(id)}`;

/** The calls that webhooks and journeys have in common; `kind` is `webhooks` or `journeys`. */
export const store = (kind) => ({
  list: async (signal) => (await get(`/${kind}`, signal))[kind],
  read: (id, signal) => call('GET', at(kind, id), { signal }),
  create: (body) => call('POST', `/${kind}`, { body }),
  replace: (id, body, etag) => call('PUT', at(kind, id), { body, etag }),
  remove: (id) => call('DELETE', at(kind, id)),
  act: (id, action, body) => call('POST', `${at(kind, id)}/${action}`, { body }),
});

export const webhooks = store('webhooks');
export const journeys = store('journeys');
