import { toJobError } from '../core/errors/to-job-error.ts';
import type { Telemetry } from '../ports/telemetry.ts';

export type BestEffort = ReturnType<typeof createBestEffort>;

/** Runs a ledger operation that the pipeline can do without: undefined, and an event, where it failed. */
export function createBestEffort(telemetry: Telemetry) {
  return async <T>(operation: string, run: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await run();
    } catch (thrown) {
      const code = toJobError(thrown).reason;
      telemetry.emit({ name: 'ledger-unavailable', operation, code });
      return undefined;
    }
  };
}
