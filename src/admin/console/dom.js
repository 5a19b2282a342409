// Builds elements from data: text is only ever set as text, so no value that reaches the page can become markup.

const SVG = 'http://www.w3.org/2000/svg';

/** What a control shows now is a property; the attribute of the same name is only its start. */
const PROPERTIES = new Set(['value', 'checked', 'selected']);

let ids = 0;

/** An id that no other element has: labels, hints and errors refer to their control by one. */
export const freshId = (stem) => `${stem}-${++ids}`;

function set(node, name, value) {
  if (value === undefined || value === null || value === false) {
    if (PROPERTIES.has(name) && value === false) node[name] = false;
  } else if (name.startsWith('on')) {
    // A handler given as text would be code made of data.
    if (typeof value !== 'function') throw new TypeError(`${name} must be a function`);
    node.addEventListener(name.slice(2), value);
  } else if (PROPERTIES.has(name)) {
    node[name] = value;
  } else if (name === 'href' && !/^(#|\/(?!\/))/.test(value)) {
    // The console links to itself alone; a `javascript:` address cannot get in.
    throw new TypeError('a link must stay in the console');
  } else {
    node.setAttribute(name, value === true ? '' : String(value));
  }
}

function build(node, props, children) {
  // Children first: a select can only show a value that is among its options.
  put(node, children);
  for (const [name, value] of Object.entries(props ?? {})) set(node, name, value);
  return node;
}

function put(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

/** An HTML element: `on…` are listeners, `value`/`checked`/`selected` properties, the rest attributes. */
export const h = (tag, props, ...children) => build(document.createElement(tag), props, children);

/** An SVG element. */
export const s = (tag, props, ...children) => build(document.createElementNS(SVG, tag), props, children);

/** Puts `children` in the place of what `node` held. */
export function fill(node, ...children) {
  node.replaceChildren();
  put(node, children);
  return node;
}

/** A button that does something here; what leads elsewhere is a link. */
export function button(label, onclick, props) {
  return h('button', { type: 'button', ...props, onclick }, label);
}

/** The head of a page: its title, which takes the focus after a change of page, and its actions. */
export function heading(title, ...actions) {
  return h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, title), h('div', { class: 'actions' }, actions));
}

/** Runs `action` once the calls have stopped for `ms`. */
export function debounce(ms, action) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), ms);
  };
}

/** Runs `action` now and then each `ms`, until `signal` ends it; a page nobody looks at does not ask. */
export function every(ms, signal, action) {
  let busy = false;
  const turn = async () => {
    // A slow answer must not be overtaken by the next question.
    if (busy || document.hidden || signal.aborted) return;
    busy = true;
    try {
      await action();
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(turn, ms);
  document.addEventListener('visibilitychange', turn, { signal });
  signal.addEventListener('abort', () => clearInterval(timer));
  return turn();
}

let hush;

/** Tells a result where it is seen and read aloud; errors belong beside what they are about instead. */
export function say(text) {
  const place = document.getElementById('said');
  clearTimeout(hush);
  // Emptied first, or the same text said twice would not be read twice.
  place.textContent = '';
  requestAnimationFrame(() => {
    place.textContent = text;
  });
  hush = setTimeout(() => {
    place.textContent = '';
  }, 8000);
}
