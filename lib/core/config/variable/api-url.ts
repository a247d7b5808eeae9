import { variable } from './variable.ts';

/** The address of a REST API: https, or http on this very machine; normalised to end without a slash. */
export function apiUrl(fallback: string) {
  return variable({
    expected: 'an https URL (http on a loopback address alone) without credentials, query or fragment',
    fallback,
    parse: parseApiUrl,
    isShown: false,
  });
}

function parseApiUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  if (!url || text.includes('?') || text.includes('#')) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  if (!isSafe) return undefined;
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** URL has already turned every spelling of an IPv4 address into four decimal numbers. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
