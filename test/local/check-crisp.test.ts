import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { parseLocalConfig } from '../../lib/core/config/parse-local-config.ts';
import { checkCrisp } from '../../lib/local/check-crisp.ts';
import { createSimulator } from '../../lib/local/simulator/create-simulator.ts';
import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';

async function startCrisp() {
  const simulator = createSimulator({ clock: systemClock, websites: [{ websiteId: WEBSITE_ID }] });
  const server = await simulator.listen();
  onTestFinished(() => server.stop());
  const { identifier, key } = simulator.account.token;
  const environment = {
    CRISP_API_URL: `${server.url}/v1`,
    CRISP_TOKEN_IDENTIFIER: identifier,
    CRISP_TOKEN_KEY: key,
    CRISP_HOOK_SECRETS: 'a-hook-secret-for-tests',
    CRISP_WEBSITE_IDS: WEBSITE_ID,
  };
  return (changes: Record<string, string> = {}) =>
    checkCrisp(parseLocalConfig({ ...environment, ...changes }), systemClock);
}

test('nothing is said of websites that the token may read', async () => {
  const check = await startCrisp();

  expect(await check()).toEqual([]);
});

test('a website that is not there is named in one sentence, with what to check', async () => {
  const check = await startCrisp();

  const findings = await check({ CRISP_WEBSITE_IDS: `${WEBSITE_ID},${OTHER_WEBSITE_ID}` });

  expect(findings).toHaveLength(1);
  expect(findings[0]).toContain(`Crisp does not give the website ${OTHER_WEBSITE_ID}: crisp_not_subscribed`);
  expect(findings[0]).toContain('Check the token, CRISP_TIER and CRISP_WEBSITE_IDS.');
});

test('a wrong token is told as such, and never shown', async () => {
  const check = await startCrisp();

  const [finding] = await check({ CRISP_TOKEN_KEY: 'wrong-key-of-a-token' });

  expect(finding).toContain('crisp_auth_failed');
  expect(finding).not.toContain('wrong-key-of-a-token');
});
