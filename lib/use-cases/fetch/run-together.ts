/**
 * Runs what `start` returns side by side. The first failure aborts the others through the signal that `start` was given,
 * waits until they have ended, and is thrown: nothing goes on unseen, and no rejection is left unhandled.
 */
export async function runTogether<const Work extends readonly unknown[]>(
  start: (signal: AbortSignal) => Work,
  outer?: AbortSignal,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  const stop = new AbortController();
  const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal;
  const work = start(signal);
  try {
    return await Promise.all(work);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(work);
    throw error;
  }
}
