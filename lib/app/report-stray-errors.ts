import { describeDefect } from '../core/errors/describe-defect.ts';

/** The part of `process` that is used. */
export interface StrayErrorSource {
  removeAllListeners(event: 'unhandledRejection' | 'uncaughtException'): unknown;
  on(event: 'unhandledRejection' | 'uncaughtException', listener: (thrown: unknown) => void): unknown;
  exit(code: number): unknown;
}

/**
 * Takes over from Lambda's runtime what nobody caught: the runtime would log it in whole, as a foreign error with all its
 * properties. One line tells its class and place instead. A promise that nobody waits for harms no later invocation;
 * after an exception the process cannot be trusted, and Lambda starts another.
 */
export function reportStrayErrors(source: StrayErrorSource, writeLine: (line: string) => void): void {
  listen('unhandledRejection');
  listen('uncaughtException', () => source.exit(1));

  function listen(event: 'unhandledRejection' | 'uncaughtException', andThen?: () => unknown): void {
    source.removeAllListeners(event);
    source.on(event, (thrown) => {
      const { name, where } = describeDefect(thrown);
      writeLine(
        JSON.stringify({ level: 'ERROR', message: 'stray-error', event, code: 'unexpected', name, where }),
      );
      andThen?.();
    });
  }
}
