const LOOPBACK_NAMES = new Set(['localhost', '[::1]']);
const LOOPBACK_IPV4 = /^127(\.\d{1,3}){3}$/;

/** True for a host (with or without a port, as in a `Host` header or `URL.host`) that can only be this machine. */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return false;
  const name = host.replace(/:\d{1,5}$/, '').toLowerCase();
  return LOOPBACK_NAMES.has(name) || name.endsWith('.localhost') || LOOPBACK_IPV4.test(name);
}
