// Lets the reader choose light or dark, or leave it to the system.

import { button, fill } from './dom.js';

const KEY = 'stepgate-theme';
const NEXT = { system: 'light', light: 'dark', dark: 'system' };

export function themeButton() {
  const root = document.documentElement;
  const now = () => root.dataset.theme ?? 'system';
  const label = () => `Theme: ${now()}`;
  const node = button(
    label(),
    () => {
      const chosen = NEXT[now()];
      if (chosen === 'system') delete root.dataset.theme;
      else root.dataset.theme = chosen;
      // Where storage is refused the choice holds for this page.
      try {
        if (chosen === 'system') localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, chosen);
      } catch {
        /* not kept */
      }
      fill(node, label());
    },
    { class: 'quiet' },
  );
  return node;
}
