// Puts the chosen theme on the page before it is painted; without a choice the system's applies.

// Storage may be refused (private mode, policy): then the system's theme is as good an answer as any.
try {
  const chosen = localStorage.getItem('stepgate-theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  /* the system's theme */
}
