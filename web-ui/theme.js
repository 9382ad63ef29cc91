// Runs before the first paint, so that a page that was switched to dark never flashes white.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem('theme');
  } catch {
    // storage may be forbidden; the system's choice holds then
  }
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();
