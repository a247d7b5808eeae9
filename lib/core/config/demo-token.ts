import type { CrispToken } from './config.ts';

/**
 * The token of local mode's simulated Crisp. It protects nothing: the simulator listens on loopback and holds invented
 * data, and a known token lets anyone, and `doctor`, ask it by hand.
 */
export const DEMO_TOKEN: CrispToken = { identifier: 'local-demo-token', key: 'local-demo-token-key' };
