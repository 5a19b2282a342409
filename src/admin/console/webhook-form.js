// The page that creates or edits a webhook: form, preview, test and helpers, and the rules of saving.

import { mayEdit, webhooks } from './api.js';
import * as carried from './body-sections.js';
import { ask } from './dialog.js';
import { fill, h, heading, say } from './dom.js';
import { localFaults, shape, toDraft, toTrial, toWebhook } from './draft.js';
import { clearFaults, showFaults } from './fields.js';
import { helpersPanel } from './helpers.js';
import { lockNote, locksOf } from './locks.js';
import { previewPanel, sampleEditor } from './preview.js';
import { slot } from './section.js';
import { trialPanel } from './trial.js';
import * as part from './webhook-sections.js';

export async function webhookForm({ id, signal, guard, reload }) {
  const creating = id === undefined;
  const loaded = creating ? { data: {} } : await webhooks.read(id, signal);
  const locks = creating ? [] : await locksOf(id, signal);
  const draft = toDraft(loaded.data);
  // A saved test still vouches for what was loaded: renaming must not ask for another.
  let proof = loaded.data.data_retrieval?.test && { shape: shape(draft), test: loaded.data.data_retrieval.test };
  let dirty = false;
  let blamed = false;
  // What saving was refused for, on the draft as it is: the preview may not know of it.
  let refusal = false;
  const seen = new WeakSet();
  const proven = () => (draft.live && proof?.shape === shape(draft) ? proof.test : undefined);
  const payload = () => ({ webhook: toTrial(draft), sample: sample.value() });

  const summary = h('div', { class: 'summary', role: 'alert', tabindex: '-1', hidden: true });
  const sample = sampleEditor(() => preview.changed());
  const names = () => sample.names();
  const slots = {};
  const redraw =
    (...keys) =>
    () => {
      for (const key of keys) refocused(slots[key].draw);
      trial.redraw();
      changed();
    };

  slots.identity = slot(() => part.identity(draft, { creating, redraw: redraw('identity', 'request', 'body') }));
  slots.request = slot(() => part.request(draft, { names, redraw: redraw('body') }));
  slots.auth = slot(() => part.authentication(draft, { redraw: redraw('auth') }));
  slots.headers = slot(() => part.headers(draft, { names }));
  slots.body = slot(() => carried.body(draft, { names, redraw: redraw('body') }));
  let retrieval;
  slots.live = slot(() => {
    retrieval = carried.dataRetrieval(draft, { redraw: redraw('live'), toTrial: () => trial.focus() });
    return retrieval.node;
  });

  const preview = previewPanel({ body: payload, faults: blameSeen, signal });
  const trial = trialPanel({
    body: () => ({ request: payload(), shape: shape(draft) }),
    live: () => draft.live,
    picked: draft.fields,
    pickedChanged: () => {
      retrieval.draw();
      changed();
    },
    tested: (fingerprint, of) => {
      proof = fingerprint && { shape: of, test: { fingerprint, at: new Date().toISOString() } };
      tellProof();
    },
    faults: blame,
    signal,
  });

  const save = h(
    'button',
    { class: 'primary', disabled: !mayEdit() || locks.length > 0 },
    creating ? 'Create webhook' : 'Save changes',
  );
  const form = h(
    'form',
    {
      novalidate: true,
      onsubmit: submit,
      oninput: changed,
      onfocusout: (event) => {
        const place = event.target.closest('[data-pointer]');
        if (place) seen.add(place);
      },
    },
    h(
      'fieldset',
      { class: 'bare', disabled: !mayEdit() || locks.length > 0 },
      Object.values(slots).map((one) => one.node),
    ),
    h(
      'div',
      { class: 'bar' },
      save,
      h('a', { class: 'button', href: '#/webhooks' }, save.disabled ? 'Back to the list' : 'Cancel'),
    ),
  );

  function changed() {
    dirty = true;
    refusal = false;
    tellProof();
    trial.refresh();
    preview.changed();
  }

  function tellProof() {
    if (!draft.live || locks.length > 0) trial.tell('');
    else if (proven()) trial.tell('Tested: this draft can be saved.', true);
    else
      trial.tell(
        proof
          ? 'Changed since the test: test again to save.'
          : 'Not tested yet: a Live Data webhook is saved only after a test that answers 2xx with JSON.',
      );
  }

  // The preview judges while the form is still being filled in: only what was left already is blamed.
  function blameSeen(faults) {
    if (!blamed) showFaults(form, strip(faults), (place) => seen.has(place));
    else if (!refusal) blame(withLocal(strip(faults)), 'stay');
  }

  // Of what is missing the gateway names some itself; the rest is still missing.
  function withLocal(faults) {
    const named = new Set(faults.map((one) => one.pointer));
    return [...faults, ...localFaults(draft, creating).filter((one) => !named.has(one.pointer))];
  }

  function blame(faults, focus) {
    const { left, first } = showFaults(form, strip(faults));
    blamed = faults.length > 0;
    sum(faults, left);
    if (blamed && focus !== 'stay') (first ?? summary).focus();
  }

  function refuse(faults) {
    refusal = true;
    blame(faults);
  }

  function sum(faults, left) {
    const news = h(
      'div',
      {},
      faults.length > 0 &&
        h('p', {}, faults.length === 1 ? 'One thing must be put right.' : `${faults.length} things must be put right.`),
      left.length > 0 &&
        h(
          'ul',
          {},
          left.map((one) => h('li', {}, one.message)),
        ),
    );
    summary.hidden = faults.length === 0;
    // An alert that is filled anew is read anew, though nothing in it has changed.
    if (summary.textContent !== news.textContent) fill(summary, news);
  }

  async function submit(event) {
    event.preventDefault();
    clearFaults(form);
    const faults = localFaults(draft, creating);
    if (faults.length) {
      refuse(faults);
      return;
    }
    if (draft.live && !proven()) {
      refuse([
        {
          pointer: '',
          message: 'Test the connection first: this is a Live Data webhook, and its present draft has not passed a test.',
        },
      ]);
      trial.focus();
      return;
    }
    save.disabled = true;
    try {
      const body = toWebhook(draft, proven());
      await (creating ? webhooks.create(body) : webhooks.replace(id, body, loaded.etag));
      dirty = false;
      location.hash = '#/webhooks';
      say(creating ? `Webhook ${draft.id} is created and in service.` : `Webhook ${id} is saved and in service.`);
    } catch (problem) {
      refused(problem);
    } finally {
      save.disabled = false;
    }
  }

  function refused(problem) {
    if (problem.status === 412) {
      stale();
      return;
    }
    const known =
      problem.type === 'already-exists' ? [{ pointer: '/id', message: 'There is a webhook of this ID.' }] : (problem.faults ?? []);
    refuse(known.length ? known : [{ pointer: '', message: problem.message }]);
    if (problem.type === 'webhook-untested') trial.focus();
  }

  async function stale() {
    const again = await ask({
      title: 'Somebody else has saved this webhook',
      body: h(
        'p',
        {},
        'It was changed after you opened it, so nothing of yours has been written. Loading the new version drops what you entered here; keep editing to copy it out first.',
      ),
      label: 'Load the new version',
      leave: 'Keep editing',
      act: async () => true,
    });
    if (again) {
      dirty = false;
      reload();
    }
  }

  guard(() => dirty);
  tellProof();
  if (!creating) preview.changed();
  return h(
    'div',
    {},
    heading(creating ? 'New webhook' : loaded.data.name || id, !creating && h('code', { class: 'hint' }, id)),
    lockNote(locks),
    h(
      'div',
      { class: 'editor' },
      h('div', {}, summary, form),
      h(
        'aside',
        { 'aria-label': 'Preview and test' },
        preview.node,
        h('section', { class: 'panel', 'aria-label': 'Sample data' }, sample.node),
        trial.node,
        helpersPanel(),
      ),
    ),
  );
}

// Drawing a section anew drops the control that caused it: the one in its place takes the focus.
function refocused(draw) {
  const pointer = document.activeElement?.closest('[data-pointer]')?.dataset.pointer;
  draw();
  if (pointer === undefined || document.activeElement !== document.body) return;
  document.querySelector(`[data-pointer="${CSS.escape(pointer)}"] :is(input, select, textarea)`)?.focus();
}

const strip = (faults) => faults.map((one) => ({ ...one, pointer: (one.pointer ?? '').replace(/^\/webhook(?=\/|$)/, '') }));
