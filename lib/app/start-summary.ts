import { createSummaryHandler } from './create-summary-handler.ts';
import { loadSummaryConfig } from './load-config.ts';
import { startFunction } from './start-function.ts';

/** The summary of this process's environment; a wrong configuration ends the function at its start, and says why. */
export function startSummary() {
  return startFunction(() => createSummaryHandler(loadSummaryConfig()));
}
