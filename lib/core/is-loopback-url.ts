/** True for an http or https URL whose host can only be this machine. `URL` has made four decimal numbers of any IPv4. */
export function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return false;
  return ['localhost', '[::1]'].includes(url.hostname) || /^127(\.\d{1,3}){3}$/.test(url.hostname);
}
