import type { IncomingHttpHeaders } from 'node:http';
import { isLoopbackHost } from './is-loopback-host.ts';

/**
 * Why a request to an emulator is refused, or undefined for one that may pass. The emulators check no credentials, so
 * what keeps a web page in the developer's browser out is this: a `Host` that is this machine (a page can point its
 * own name at 127.0.0.1), and no `Origin` (only browsers send it; a form can be posted anywhere without asking).
 */
export function explainForeignRequest(headers: IncomingHttpHeaders): string | undefined {
  if (!isLoopbackHost(headers.host)) return 'The Host header must name this machine';
  if (headers.origin !== undefined) return 'Requests of web pages are refused';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'none' && site !== 'same-origin')
    return 'Requests of web pages are refused';
  return undefined;
}
