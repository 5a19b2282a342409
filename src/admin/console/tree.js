// Shows an answer as a tree of its objects and fields, to pick Live Data fields from.

import { fill, h } from './dom.js';
import { MAX_FIELDS } from './draft.js';

const TYPES = ['string', 'number', 'boolean', 'object', 'array'];

/** The flat list of the API as nested nodes, each under the one whose pointer begins its own. */
function nest(fields) {
  const root = { children: [] };
  const known = new Map([['', root]]);
  for (const one of fields) {
    const node = { ...one, children: [] };
    known.set(one.pointer, node);
    if (one.pointer === '') continue;
    const parent = known.get(one.pointer.slice(0, one.pointer.lastIndexOf('/'))) ?? root;
    parent.children.push(node);
  }
  return root.children;
}

const lastStep = (pointer) =>
  pointer
    .slice(pointer.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~');

/** A name for a picked field that a template can hold and that no other picked field has. */
function nameFor(pointer, picked) {
  const stem =
    lastStep(pointer)
      .replace(/[^A-Za-z0-9_]+/g, '_')
      .replace(/^(\d)/, '_$1') || 'value';
  const taken = new Set(picked.map((one) => one.name));
  let name = stem;
  for (let n = 2; taken.has(name); n += 1) name = `${stem}_${n}`;
  return name;
}

/**
 * The tree of `fields`; ticking one puts it into `picked`, and `changed` is told.
 *
 * Past ten nothing more can be ticked: SPEC's limit for a webhook.
 */
export function fieldTree(fields, picked, changed) {
  const count = h('p', { class: 'hint', role: 'status' });
  const boxes = [];

  function refresh() {
    const full = picked.length >= MAX_FIELDS;
    const pointers = new Set(picked.map((one) => one.pointer));
    for (const { box, pointer } of boxes) {
      box.checked = pointers.has(pointer);
      box.disabled = full && !box.checked;
    }
    fill(count, `${picked.length} of ${MAX_FIELDS} fields picked.${full ? ' Untick one to pick another.' : ''}`);
  }

  function toggle(node, on) {
    const at = picked.findIndex((one) => one.pointer === node.pointer);
    if (on && at < 0) {
      // A null in this answer says nothing of the type; text takes the most.
      picked.push({
        name: nameFor(node.pointer, picked),
        pointer: node.pointer,
        type: TYPES.includes(node.type) ? node.type : 'string',
      });
    } else if (!on && at >= 0) picked.splice(at, 1);
    refresh();
    changed();
  }

  const branch = (nodes) =>
    h(
      'ul',
      { class: 'tree' },
      nodes.map((node) => {
        const box = h('input', { type: 'checkbox', onchange: (event) => toggle(node, event.target.checked) });
        boxes.push({ box, pointer: node.pointer });
        const example = node.example === undefined || node.children.length ? '' : ` ${shorten(node.example)}`;
        return h(
          'li',
          {},
          h(
            'label',
            { title: node.pointer },
            box,
            h('code', {}, lastStep(node.pointer)),
            h('span', { class: 'hint' }, ` ${node.type}`),
            h('span', { class: 'example' }, example),
          ),
          node.children.length > 0 && branch(node.children),
        );
      }),
    );

  const node = h(
    'div',
    {},
    count,
    h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Fields of the answer' }, branch(nest(fields))),
  );
  refresh();
  return { node, refresh };
}

function shorten(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
