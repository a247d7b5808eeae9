import { startProbe } from '../lib/breaker/probe.ts';

/** Lambda: looks every minute whether the sessions queue is held, and turns it on again as soon as Crisp answers. */
export const handler = startProbe();
