import { createCrispApi } from '../adapters/crisp/create-crisp-api.ts';
import { createThrottle } from '../adapters/crisp/throttle.ts';
import { createSecrets } from '../adapters/secrets/create-secrets.ts';
import type { LocalConfig } from '../core/config/parse-local-config.ts';
import { toJobError } from '../core/errors/to-job-error.ts';
import type { WebsiteId } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';

/**
 * Asks Crisp once for each website of the allow-list, and resolves with a sentence for each that it does not give: a
 * wrong token or a plugin that is not installed is better known at the start than from the first failed job.
 */
export async function checkCrisp(config: LocalConfig, clock: Clock): Promise<string[]> {
  const { crispApiUrl, crispTier, maxResponseBytes, requestsPerSecond, websiteIds } = config;
  const crisp = createCrispApi({
    baseUrl: crispApiUrl,
    tier: crispTier,
    maxResponseBytes,
    secrets: createSecrets(config.secrets, clock),
    throttle: createThrottle({ ratePerSecond: requestsPerSecond, burst: 1, clock }),
    clock,
  });
  const findings = await Promise.all(websiteIds.map((websiteId) => explainWebsite(websiteId)));
  await crisp.close();
  return findings.filter((finding) => finding !== undefined);

  async function explainWebsite(websiteId: WebsiteId): Promise<string | undefined> {
    try {
      await crisp.getWebsite(websiteId);
      return undefined;
    } catch (thrown) {
      const { message } = toJobError(thrown);
      return `Crisp does not give the website ${websiteId}: ${message}. Check the token, CRISP_TIER and CRISP_WEBSITE_IDS.`;
    }
  }
}
