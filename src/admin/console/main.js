// The frame of every page, and the router that turns the address into one.

import { mayEdit, onSignedOut, session } from './api.js';
import { errorBanner } from './banner.js';
import { ask } from './dialog.js';
import { button, fill, h, heading, say } from './dom.js';
import { HOME, match, NAVIGATION } from './routes.js';
import { resume, signInPage, signOut } from './signin.js';
import { themeButton } from './theme-button.js';

const app = document.getElementById('app');
let life = new AbortController();
let page = new AbortController();
let main;
let links = [];
let unsaved = () => false;
let here = '';

/** Draws the page of the address; the one before is told to end by its signal. */
async function show({ focus = true } = {}) {
  const route = match(location.hash);
  if (!route) {
    location.replace(HOME);
    return;
  }
  page.abort();
  page = new AbortController();
  const mine = page;
  unsaved = () => false;
  here = location.hash;
  for (const link of links) {
    if (link.hash !== route.section) link.removeAttribute('aria-current');
    else link.setAttribute('aria-current', route.whole ? 'page' : 'true');
  }
  main.setAttribute('aria-busy', 'true');
  let node;
  try {
    node = await route.make({
      id: route.id,
      signal: mine.signal,
      guard: (asked) => {
        unsaved = asked;
      },
      reload: () => show(),
    });
  } catch (problem) {
    if (mine.signal.aborted) return;
    node = h(
      'div',
      {},
      heading(route.title),
      h('p', { class: 'note bad', role: 'alert' }, problem.status === 404 ? 'It does not exist, or was deleted.' : problem.message),
      button('Try again', () => show()),
    );
  }
  // Another page was asked for while this one was on its way.
  if (mine.signal.aborted) return;
  main.removeAttribute('aria-busy');
  fill(main, node);
  const title = main.querySelector('h1');
  document.title = `${title?.textContent ?? route.title} – Stepgate`;
  if (focus) {
    window.scrollTo(0, 0);
    title?.focus({ preventScroll: true });
  }
}

async function moved() {
  const wanted = location.hash;
  if (!main) return;
  if (unsaved()) {
    // The address has changed already: it is put back until the answer is known.
    history.replaceState(null, '', here);
    const leave = await ask({
      title: 'Leave without saving?',
      body: h('p', {}, 'What you changed on this page is lost.'),
      label: 'Leave',
      leave: 'Stay',
      danger: true,
      act: async () => true,
    });
    if (!leave) return;
    unsaved = () => false;
    location.hash = wanted;
    return;
  }
  await show();
}

function frame() {
  life.abort();
  life = new AbortController();
  links = NAVIGATION.map(([title, href]) => h('a', { href }, title));
  main = h('main', { id: 'main', tabindex: '-1' });
  fill(
    app,
    // Not followed: the part after # is the router's.
    h(
      'a',
      {
        class: 'skip',
        href: '#main',
        onclick: (event) => {
          event.preventDefault();
          main.focus();
        },
      },
      'Skip to the content',
    ),
    h(
      'div',
      { class: 'shell' },
      h(
        'header',
        { class: 'side' },
        h('p', { class: 'brand' }, 'Stepgate'),
        h('nav', { 'aria-label': 'Console' }, links),
        h(
          'div',
          { class: 'who' },
          h('p', { class: 'hint' }, `${session.name || 'Signed in'}, ${session.role}`),
          themeButton(),
          button('Sign out', leave, { class: 'quiet' }),
        ),
      ),
      h(
        'div',
        { class: 'content' },
        errorBanner(life.signal),
        !mayEdit() &&
          h(
            'aside',
            { class: 'note', 'aria-label': 'Read-only' },
            'You are signed in as a viewer: everything can be seen, and what would change something is disabled. Changes need the role editor.',
          ),
        main,
      ),
    ),
  );
  if (!match(location.hash)) history.replaceState(null, '', HOME);
  show({ focus: false });
}

async function leave() {
  try {
    await signOut();
  } catch (problem) {
    say(problem.message);
    return;
  }
  signIn();
}

function signIn() {
  life.abort();
  page.abort();
  unsaved = () => false;
  main = undefined;
  document.title = 'Sign in – Stepgate';
  fill(app, signInPage(frame));
  document.getElementById('token').focus();
}

async function start() {
  try {
    if (await resume()) frame();
    else signIn();
  } catch (problem) {
    fill(
      app,
      h(
        'main',
        { id: 'main', class: 'signin' },
        h(
          'div',
          { class: 'panel' },
          h('h1', {}, 'Stepgate console'),
          h('p', { role: 'alert' }, problem.message),
          button('Try again', start),
        ),
      ),
    );
  }
}

onSignedOut(() => {
  if (main) {
    signIn();
    say('Your session has ended. Sign in again.');
  }
});
window.addEventListener('hashchange', moved);
window.addEventListener('beforeunload', (event) => {
  if (unsaved()) event.preventDefault();
});
start();
