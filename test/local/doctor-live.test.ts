import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { observeSetup } from '../../lib/app/doctor/observe-setup.ts';
import type { Setup } from '../../lib/app/doctor/setup.ts';
import type { Observation } from '../../lib/core/doctor/observation.ts';
import type { ListeningServer } from '../../lib/local/http-server.ts';
import { createSimulator } from '../../lib/local/simulator/create-simulator.ts';
import type { Simulator } from '../../lib/local/simulator/simulator.ts';
import { runCliProcess } from '../support/run-cli-process.ts';

let simulator: Simulator;
let server: ListeningServer;

beforeAll(async () => {
  simulator = createSimulator({ clock: systemClock });
  for (const websiteId of simulator.websiteIds) {
    simulator.seedConversations({ websiteId, conversations: 2, messages: 30 });
  }
  server = await simulator.listen();
});

beforeEach(() => {
  simulator.setSwitch('timestampBoundary', 'strict');
  simulator.setSwitch('messagesStatus', 'honest');
  simulator.setSwitch('unconfirmedScopes', 'not-needed');
  simulator.account.scopes = undefined;
});

afterAll(() => server.stop());

function aSetup({ token = simulator.account.token } = {}): Setup {
  const baseUrl = new URL(`${server.url}/v1`);
  const crisp = { baseUrl, tier: 'plugin', token, websiteIds: [], include: [] } as const;
  return { crisp, findings: [], stage: undefined, settings: undefined };
}

const observe = (setup = aSetup()) => observeSetup(setup, { sqs: undefined, clock: systemClock });

test('every open question is answered, or said to be open, with at most 20 requests', async () => {
  const before = requestsOf(simulator);

  const { observations, calls } = await observe();

  expect(calls).toBeLessThanOrEqual(20);
  expect(requestsOf(simulator) - before).toBe(calls);
  expect(answersOf(observations)).toMatchObject({
    'status and reason of a token that is wrong': 'seen: 401 invalid_session',
    'status and reason of a conversation that does not exist': 'seen: 404 session_not_found',
    'messages of a page': 'seen: 20',
    '206 while there are older messages, else 200': 'seen: 206, and more was older',
    'order of the messages of a page': 'seen: oldest first',
    'timestamp_before is strict': 'seen: yes',
    'a page behind the end of a list': 'seen: 200 listed',
    'relations with this token’s scopes': 'seen: 200 resolved',
    'Bloom-Status of answers': 'seen: DIRECT',
    'api.eu.crisp.chat': 'not_tried: no official source names it',
  });
});

test('another Crisp is seen to be another', async () => {
  simulator.setSwitch('timestampBoundary', 'inclusive');
  simulator.setSwitch('unconfirmedScopes', 'needed');
  simulator.account.scopes = new Set([
    'website:conversation:sessions',
    'website:conversation:messages',
    'website:people:profiles',
  ]);

  const { observations } = await observe();

  expect(answersOf(observations)).toMatchObject({
    'timestamp_before is strict': 'seen: no: a message of that very moment came',
    'block with this token’s scopes': 'seen: 403 not_allowed',
  });
});

test('a Crisp that says 200 before the end is a problem', async () => {
  simulator.setSwitch('messagesStatus', 'always-200');

  const { observations } = await observe();

  expect(observations.filter(({ isProblem }) => isProblem)).toMatchObject([
    { question: '206 while there are older messages, else 200', answer: '200, and more was older' },
  ]);
});

test('no content, id or token is in what was seen', async () => {
  const { observations } = await observe();

  const text = JSON.stringify(observations);
  expect(text).not.toMatch(/session_[0-9a-f]{8}|@example|[0-9a-f]{8}-[0-9a-f]{4}/);
  expect(text).not.toContain(simulator.account.token.key);
});

test('a token that Crisp does not know ends the look after two requests', async () => {
  const before = requestsOf(simulator);

  await expect(observe(aSetup({ token: { identifier: 'unknown', key: 'unknown' } }))).rejects.toMatchObject({
    code: 'crisp_unusable',
  });

  expect(requestsOf(simulator) - before).toBeLessThanOrEqual(2);
});

test('nothing is asked without consent', async () => {
  const { exitCode, stderr } = await runCliProcess(['doctor', '--live']);

  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^nothing was asked\. .*up to 20 read requests/);
});

const answersOf = (observations: readonly Observation[]) =>
  Object.fromEntries(
    observations.map(({ question, outcome, answer }) => [question, `${outcome}: ${answer}`]),
  );

const requestsOf = ({ counters }: Simulator) =>
  Object.values(counters.snapshot().requests.byRoute).reduce((sum, count) => sum + count, 0);
