import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { LocalConfig } from '../config/local-config.ts';
import { createSecrets } from '../config/secret-reader.ts';
import { DEMO_HOOK_SECRET, DEMO_TOKEN } from '../config/secrets.ts';
import { type JobError, toJobError } from '../errors.ts';
import { parseWebsiteId, type WebsiteId } from '../ids.ts';
import { listenOrGiveWay } from './http-server.ts';
import type { Simulator } from './simulator/simulator.ts';

/** The simulator's usual port; it gives way to a free one. */
export const SIMULATOR_PORT = 4701;

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
  const { createSimulator } = await import('./simulator/simulator.ts');
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
      secrets: { ...config.secrets, source: 'environment', hookSecrets, crispToken: simulator.account.token },
    },
    async stop() {
      await simulator.stop();
      await server.stop();
    },
  };
}

// Stands for any website that is not ours: where the allow-list is empty, its answer still judges token, tier and address.
const NO_WEBSITE = parseWebsiteId('00000000-0000-4000-8000-000000000000');

/**
 * Reads the websites of the allow-list from Crisp, or one that does not exist where all are allowed, and resolves with a
 * sentence for each thing that is wrong: a wrong token, tier or address shows at the start, not at the first failed job.
 */
export async function checkCrisp(config: LocalConfig, clock: Clock): Promise<string[]> {
  const { requestsPerSecond, websiteIds } = config;
  const { openCrisp } = await import('../crisp/open-crisp.ts');
  const pace = { ratePerSecond: requestsPerSecond, burst: 1 };
  const crisp = openCrisp(config, { pace, secrets: createSecrets(config.secrets, clock), clock });
  const asked = websiteIds.length > 0 ? websiteIds : [NO_WEBSITE].filter((id) => id !== undefined);
  const findings = await Promise.all(
    asked.map((websiteId) =>
      crisp.getWebsite(websiteId).then(
        () => undefined,
        (thrown: unknown) => explainCrispFailure(toJobError(thrown), websiteId, config),
      ),
    ),
  );
  await crisp.close();
  return [...new Set(findings.filter((finding) => finding !== undefined))];
}

/** Undefined where the failure only says that nobody's website is not there. */
function explainCrispFailure(
  { code, detail, message }: JobError,
  websiteId: WebsiteId,
  { crispApiUrl, crispTier }: LocalConfig,
): string | undefined {
  const address = crispApiUrl.href.replace(/\/$/, '');
  const isMissing = code === 'crisp_unavailable' && detail === 'website_missing';
  const isForeign = code === 'crisp_unavailable' && detail === 'foreign_answer';
  const isOddAddress = !crispApiUrl.pathname.replace(/\/$/, '').endsWith('/v1');

  if (code === 'crisp_auth_failed') {
    const other = crispTier === 'plugin' ? 'website' : 'plugin';
    return (
      `Crisp refuses the token: ${message}. Check CRISP_TOKEN_IDENTIFIER and CRISP_TOKEN_KEY, ` +
      `and CRISP_TIER: it is ${crispTier}, a token of the tier ${other} is refused.`
    );
  }
  if (code === 'crisp_unreachable' || code === 'crisp_timeout')
    return `Crisp does not answer at ${address}: ${message}. Check CRISP_API_URL and the network.`;
  if (code === 'crisp_route_unknown' || isForeign || code === 'bad_response' || (isMissing && isOddAddress)) {
    const path = isOddAddress ? ' The address of Crisp’s API ends in /v1.' : '';
    return `What answers at ${address} does not know Crisp’s API: ${message}. Check CRISP_API_URL.${path}`;
  }
  if (websiteId !== NO_WEBSITE)
    return `Crisp does not give the website ${websiteId}: ${message}. Check the token, CRISP_TIER and CRISP_WEBSITE_IDS.`;
  if (isMissing || code === 'crisp_not_subscribed' || code === 'crisp_forbidden' || code === 'crisp_rejected')
    return undefined;
  return `Crisp does not serve this token at the moment: ${message}.`;
}
