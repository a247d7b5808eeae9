import type { RunningFunction } from './start-function.ts';

/** Invokes a cold environment and then again while it is warm, and prints what each took. */
export async function measure(
  name: string,
  running: RunningFunction,
  invocations: readonly { readonly event: unknown; readonly remainingMs: number }[],
): Promise<unknown[]> {
  const loadedMs = await running.loaded;
  const responses: unknown[] = [];
  const durations: number[] = [];
  for (const { event, remainingMs } of invocations) {
    const startedMs = performance.now();
    responses.push(await running.invoke(event, { remainingMs }));
    durations.push(performance.now() - startedMs);
  }
  const [firstMs = 0, ...warm] = durations;
  const parts = `${toMs(loadedMs)} until it is loaded, ${toMs(firstMs)} for its first invocation`;
  console.log(`${name}: cold ${toMs(loadedMs + firstMs)} (${parts}), warm ${warm.map(toMs).join(', ')}`);
  return responses;
}

function toMs(durationMs: number): string {
  return `${durationMs.toFixed(0)} ms`;
}
