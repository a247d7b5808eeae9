/**
 * The result of `work`, or the signal's reason as soon as it is aborted. undici notices an abort only once a request is
 * on its way: while it waits for a connection, a deadline would pass unheard.
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const abort = () => reject(signal.reason);
    const settled = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(settled);
  });
}
