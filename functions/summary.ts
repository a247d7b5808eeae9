import { startSummary } from '../lib/operate/summary.ts';

/** Lambda: tells once a day what came in, what went out, and what waits. */
export const handler = startSummary();
