import { join } from 'node:path';
import { DEMO_TOKEN } from '../core/config/demo-token.ts';
import type { LocalConfig } from '../core/config/parse-local-config.ts';
import type { Clock } from '../ports/clock.ts';
import { listenOrGiveWay } from './listen-or-give-way.ts';
import { createSimulator } from './simulator/create-simulator.ts';
import type { Simulator } from './simulator/simulator.ts';

/** The simulator's usual port; it gives way to a free one. */
export const SIMULATOR_PORT = 4701;

/**
 * Signs the demo's hooks where `CRISP_HOOK_SECRETS` is not set. It protects nothing: local mode listens on loopback and
 * holds invented data, and a known secret lets anyone try the webhook by hand.
 */
export const DEMO_HOOK_SECRET = 'local-demo-hook-secret-known-to-everybody';

export interface SimulatedCrisp {
  readonly simulator: Simulator;
  /** Page of its counters and controls. */
  readonly controlUrl: string;
  /** The configuration with this simulator in the place of Crisp. */
  readonly config: LocalConfig;
  readonly stop: () => Promise<void>;
}

/** Starts a Crisp of our own for those who have no credentials yet. */
export async function startSimulatedCrisp(
  config: LocalConfig,
  { clock, dataDir }: { readonly clock: Clock; readonly dataDir?: string | undefined },
): Promise<SimulatedCrisp> {
  const given = config.secrets.source === 'environment' ? config.secrets.hookSecrets : [];
  const hookSecrets = given.length > 0 ? given : [DEMO_HOOK_SECRET];
  const simulator = createSimulator({
    clock,
    tier: config.crispTier,
    hookSecrets,
    token: DEMO_TOKEN,
    ...(dataDir !== undefined && { dataDir: join(dataDir, 'crisp') }),
    ...(config.websiteIds.length > 0 && { websites: config.websiteIds.map((websiteId) => ({ websiteId })) }),
  });
  const server = await listenOrGiveWay({ port: SIMULATOR_PORT, isDefault: true }, (port) =>
    simulator.listen({ port }),
  );

  return {
    simulator,
    controlUrl: `${server.url}/_simulator`,
    config: {
      ...config,
      crispApiUrl: new URL(`${server.url}/v1`),
      secrets: { source: 'environment', hookSecrets, crispToken: simulator.account.token },
    },
    async stop() {
      await simulator.stop();
      await server.stop();
    },
  };
}
