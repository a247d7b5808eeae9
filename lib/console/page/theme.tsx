import { useState } from 'preact/hooks';

type Theme = 'system' | 'light' | 'dark';

const KEY = 'crisp-enrich-theme';
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const SIGNS: Readonly<Record<Theme, string>> = { system: '◐', light: '○', dark: '●' };

function readTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === kept) ?? 'system';
}

/** The page follows the system unless somebody chose otherwise in this browser. */
export function applyTheme(theme = readTheme()): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function ThemeButton() {
  const [theme, setTheme] = useState(readTheme);
  const turn = () => {
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    localStorage.setItem(KEY, next);
    applyTheme(next);
    setTheme(next);
  };
  return (
    <button
      type="button"
      class="icon-button"
      onClick={turn}
      aria-label={`Theme: ${theme}`}
      title={`Theme: ${theme}`}
    >
      <span aria-hidden="true">{SIGNS[theme]}</span>
    </button>
  );
}
