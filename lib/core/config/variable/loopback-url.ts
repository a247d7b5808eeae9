import { isLoopbackUrl } from '../../is-loopback-url.ts';
import { variable } from './variable.ts';

/** The address of something on this machine. */
export function loopbackUrl(fallback: string) {
  return variable({
    expected: 'a URL with http on a loopback address, without credentials',
    fallback,
    isShown: false,
    parse(text) {
      const url = URL.parse(text);
      return url && isLoopbackUrl(text) && url.username === '' && url.password === '' ? url : undefined;
    },
  });
}
