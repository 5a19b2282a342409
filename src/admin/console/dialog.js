// Opens modal dialogs; the browser's own <dialog> keeps the focus in and gives it back.

import { button, fill, freshId, h } from './dom.js';

/**
 * Shows a dialog and gives what its action returned, or undefined when it was left.
 *
 * `act` may throw: the message is shown in the dialog, which then stays open. Without `act`
 * there is nothing to confirm, only to read.
 */
export function ask({ title, body, label, danger, act, leave = 'Cancel' }) {
  return new Promise((resolve) => {
    const id = freshId('dialog');
    const fault = h('p', { class: 'fault', role: 'alert' });
    let result;
    const go = act && h('button', { class: danger ? 'danger' : 'primary' }, label);

    async function submit(event) {
      event.preventDefault();
      if (!act) return;
      fill(fault);
      go.disabled = true;
      try {
        result = await act();
        dialog.close();
      } catch (problem) {
        fill(fault, problem.message);
      } finally {
        go.disabled = false;
      }
    }

    const dialog = h(
      'dialog',
      {
        'aria-labelledby': id,
        onclose: () => {
          dialog.remove();
          resolve(result);
        },
      },
      h(
        'form',
        { onsubmit: submit, novalidate: true },
        h('h2', { id }, title),
        body,
        fault,
        h(
          'div',
          { class: 'actions end' },
          button(act ? leave : 'Close', () => dialog.close()),
          go,
        ),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
    // What cannot be undone must not be one Enter away.
    dialog.querySelector(danger ? '.actions button' : 'input, .actions button').focus();
  });
}
