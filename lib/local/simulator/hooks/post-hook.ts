import type { Dispatcher } from 'undici';
import type { Clock } from '../../../ports/clock.ts';

export interface HookPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Sends one attempt. True for a 2xx answer within the timeout; everything else, redirects included, is a failed attempt
 * and no error.
 */
export async function postHook(
  { dispatcher, clock }: { dispatcher: Dispatcher; clock: Clock },
  { url, headers, body, timeoutMs, signal }: HookPost,
): Promise<boolean> {
  const ended = new AbortController();
  const abort = AbortSignal.any([ended.signal, signal]);
  // Once the answer is there the sleep is cancelled, which rejects it: both ways only end the wait.
  clock.sleep(timeoutMs, abort).then(
    () => ended.abort(),
    () => undefined,
  );

  try {
    const { origin, pathname, search } = new URL(url);
    const options = {
      origin,
      path: `${pathname}${search}`,
      method: 'POST',
      headers,
      body,
      signal: abort,
    } as const;
    const answer = await dispatcher.request(options);
    await answer.body.dump();
    return answer.statusCode >= 200 && answer.statusCode < 300;
  } catch {
    // A refused connection, a reset or the timeout: to Crisp they are all a delivery that failed.
    return false;
  } finally {
    ended.abort();
  }
}
