// A table with search, order and pages: only one page of rows is ever in the document, so 5,000 read like 5.

import { button, debounce, fill, freshId, h } from './dom.js';

const PAGE = 50;

/**
 * Builds the list. `noun` says what of, a plural with s. `columns` are `{title, cell, numeric, wide}`, `words(row)` is what the search looks in,
 * `sorts` and `filters` are `[label, function]`; `details(row)` fills the part that opens under a row.
 *
 * `remember` keeps search, order and page, for coming back from a row to where one was.
 */
export function pagedList({ noun, columns, words, sorts, filters, details, name, empty, remember }) {
  let all = [];
  let found = [];
  const live = new Map();
  const state = { q: '', page: 0, sort: 0, filter: 0, ...remember.read() };
  const told = h('p', { class: 'hint', role: 'status' });
  const body = h('tbody', { role: 'rowgroup' });
  const pager = h('nav', { class: 'pager', 'aria-label': 'Pages' });

  const search = h('input', {
    id: freshId('search'),
    type: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    value: state.q,
    oninput: debounce(200, (event) => {
      state.q = event.target.value;
      state.page = 0;
      look();
    }),
  });
  const pick = (key, label, choices) => {
    const id = freshId(key);
    return h(
      'div',
      { class: 'pick' },
      h('label', { for: id }, label),
      h(
        'select',
        {
          id,
          value: String(state[key]),
          onchange: (event) => {
            state[key] = Number(event.target.value);
            state.page = 0;
            look();
          },
        },
        choices.map(([text], at) => h('option', { value: String(at) }, text)),
      ),
    );
  };

  function look() {
    const wanted = state.q.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const [, keep] = filters[state.filter] ?? filters[0];
    found = all.filter((row) => keep(row) && wanted.every((word) => words(row).includes(word)));
    const [, order] = sorts[state.sort] ?? sorts[0];
    if (order) found.sort(order);
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    state.page = Math.min(Math.max(0, Number(state.page) || 0), pages - 1);
    remember.write(state);
    draw(pages);
  }

  function draw(pages) {
    live.clear();
    const shown = found.slice(state.page * PAGE, (state.page + 1) * PAGE);
    const counted = all.length === 1 ? noun.slice(0, -1) : noun;
    fill(
      told,
      all.length === 0 ? '' : found.length === all.length ? `${all.length} ${counted}` : `${found.length} of ${all.length} ${counted}`,
    );
    fill(
      body,
      shown.map(line),
      shown.length === 0 &&
        h(
          'tr',
          { role: 'row' },
          h(
            'td',
            { role: 'cell', colspan: columns.length, class: 'none' },
            all.length === 0 ? empty : 'Nothing matches the search.',
          ),
        ),
    );
    const go = (by, label) => button(label, () => turn(by), { disabled: by < 0 ? state.page === 0 : state.page >= pages - 1 });
    pager.hidden = pages === 1;
    fill(pager, go(-1, 'Previous'), h('span', { class: 'tabular' }, `Page ${state.page + 1} of ${pages}`), go(1, 'Next'));
  }

  // The pager is drawn anew with the page: its button keeps the focus, unless there is nothing further that way.
  function turn(by) {
    state.page += by;
    look();
    search.closest('.list-box').scrollIntoView({ block: 'start' });
    const [back, on] = pager.querySelectorAll('button');
    const wanted = by < 0 ? [back, on] : [on, back];
    wanted.find((one) => !one.disabled)?.focus({ preventScroll: true });
  }

  function line(row) {
    const cells = columns.map((column, at) =>
      h(
        'td',
        { role: 'cell', class: column.class, 'data-label': column.title },
        at === 0 && details ? undefined : column.cell(row),
      ),
    );
    live.set(row.id, { row, cells });
    const node = h('tr', { role: 'row' }, cells);
    if (details) opener(row, node, cells[0]);
    return node;
  }

  function opener(row, node, cell) {
    const under = h('tr', { role: 'row', class: 'under', id: freshId('details') });
    const open = button(
      name(row),
      () => {
        const now = open.getAttribute('aria-expanded') !== 'true';
        open.setAttribute('aria-expanded', String(now));
        if (!now) {
          under.remove();
          open.removeAttribute('aria-controls');
          return;
        }
        fill(under, h('td', { role: 'cell', colspan: columns.length }, details(row)));
        node.after(under);
        open.setAttribute('aria-controls', under.id);
      },
      { class: 'opener', 'aria-expanded': 'false' },
    );
    fill(cell, open, columns[0].cell(row));
  }

  return {
    node: h(
      'div',
      { class: 'list-box' },
      h(
        'div',
        { class: 'tools', role: 'search' },
        h('div', { class: 'pick grow' }, h('label', { for: search.id }, `Search ${noun}`), search),
        filters.length > 1 && pick('filter', 'Show', filters),
        sorts.length > 1 && pick('sort', 'Order', sorts),
      ),
      told,
      h(
        'table',
        { role: 'table', class: 'paged', 'aria-label': noun },
        h(
          'thead',
          { role: 'rowgroup' },
          h(
            'tr',
            { role: 'row' },
            columns.map((column) => h('th', { role: 'columnheader', scope: 'col', class: column.class }, column.title)),
          ),
        ),
        body,
      ),
      pager,
    ),
    /** Takes `rows` in place of the ones shown. */
    show: (rows) => {
      all = rows;
      look();
    },
    /** Draws the cells of one column anew, in place, so that a refresh moves neither rows nor focus. */
    refresh: (at) => {
      for (const { row, cells } of live.values()) fill(cells[at], columns[at].cell(row));
    },
  };
}

/** Keeps a list's state in the address, so that Back and a copied link show the same page of it. */
export function inAddress() {
  const [path, query] = location.hash.split('?');
  return {
    read: () => {
      const given = new URLSearchParams(query);
      const number = (key) => Number(given.get(key)) || 0;
      return { q: given.get('q') ?? '', page: number('page'), sort: number('sort'), filter: number('filter') };
    },
    write: (state) => {
      const query = new URLSearchParams(Object.entries(state).filter(([, value]) => value));
      if (location.hash.split('?')[0] === path) history.replaceState(null, '', [...query].length ? `${path}?${query}` : path);
    },
  };
}
