import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { STAGE_QUEUE_NAMES } from '../../lib/aws/queues.ts';
import { systemClock } from '../../lib/clock.ts';
import type { ListeningServer } from '../../lib/local/http-server.ts';
import type { Simulator } from '../../lib/local/simulator/simulator.ts';
import { createSimulator } from '../../lib/local/simulator/simulator.ts';
import type { Finding } from '../../lib/operate/doctor/checks.ts';
import { observeSetup } from '../../lib/operate/doctor/doctor.ts';
import type { Observation } from '../../lib/operate/doctor/observe.ts';
import type { Setup } from '../../lib/operate/doctor/setup.ts';
import { consumer } from '../support/builders.ts';
import { type DoctorScene, runCliProcess, startDoctorScene } from '../support/cli.ts';
import { simulatorOf } from '../support/local-scene.ts';

describe('doctor', () => {
  let doctor: DoctorScene;

  beforeAll(async () => {
    doctor = await startDoctorScene();
  });

  afterAll(() => doctor.scene.stop());

  test('everything is well with local mode and its simulated Crisp', async () => {
    const findings = await doctor.examine();

    expect(problemsOf(findings)).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual([
      'node',
      'configuration',
      'local mode',
      'hook mode',
      'secret CRISP_HOOK_SECRETS',
      ...STAGE_QUEUE_NAMES.map((name) => `queue ${name}`),
      'token and tier',
      'websites',
      'scope website:conversation:sessions',
      'scope website:conversation:messages',
      'scope website:people:profiles',
      'clock against Crisp',
    ]);
  });

  test('a token of the other tier is recognised as that', async () => {
    const { identifier, key } = simulatorOf(doctor.scene).account.token;
    const environment = {
      CRISP_TIER: 'website',
      CRISP_API_URL: doctor.scene.mode.health.crisp,
      CRISP_TOKEN_IDENTIFIER: identifier,
      CRISP_TOKEN_KEY: key,
      CRISP_HOOK_SECRETS: 'a-hook-secret-for-tests',
    };

    const findings = await doctor.examine({ environment });

    expect(failuresOf(findings)).toEqual([
      {
        check: 'token and tier',
        state: 'fail',
        message: 'Crisp rejects the token as one of tier website, and takes it as one of tier plugin',
        remedy: 'set CRISP_TIER=plugin and start local mode again, or enter a token of tier website',
      },
    ]);
  });

  test('a missing scope is named', async () => {
    const { account } = simulatorOf(doctor.scene);
    account.scopes = new Set(['website:conversation:sessions', 'website:people:profiles']);
    onTestFinished(() => {
      account.scopes = undefined;
    });

    const findings = await doctor.examine();

    expect(failuresOf(findings)).toMatchObject([
      {
        check: 'scope website:conversation:messages',
        message: expect.stringContaining(
          '(403, not_allowed): the token lacks the scope website:conversation:messages',
        ),
        remedy: expect.stringContaining('ask for website:conversation:messages (read)'),
      },
    ]);
  });

  test.each([
    [-600_000, '600 s behind'],
    [600_000, '600 s ahead of'],
  ])('a clock that is %d ms off is told, with its direction', async (offMs, words) => {
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + offMs };

    const findings = await doctor.examine({ clock });

    expect(failuresOf(findings)).toEqual([
      {
        check: 'clock against Crisp',
        state: 'fail',
        message: `this machine is ${words} Crisp`,
        remedy: 'let the system set the time by itself (NTP), and run this again',
      },
    ]);
  });

  test('a token that nobody knows is one finding, and is not shown', async () => {
    const environment = {
      CRISP_API_URL: doctor.scene.mode.health.crisp,
      CRISP_TOKEN_IDENTIFIER: 'an-unknown-identifier',
      CRISP_TOKEN_KEY: 'an-unknown-key',
      CRISP_HOOK_SECRETS: 'a-hook-secret-for-tests',
    };

    const findings = await doctor.examine({ environment });

    expect(failuresOf(findings)).toMatchObject([
      { check: 'token and tier', remedy: expect.stringContaining('token') },
    ]);
    expect(JSON.stringify(findings)).not.toContain('an-unknown');
  });

  test('a website that the token may not read is named beside one that it may', async () => {
    const [websiteId = ''] = simulatorOf(doctor.scene).websiteIds;
    const other = '1f0f5f0e-2b1c-4f6e-9a53-5a2f6f1d8e10';

    const { identifier, key } = simulatorOf(doctor.scene).account.token;
    const environment = {
      CRISP_WEBSITE_IDS: `${websiteId},${other}`,
      CRISP_API_URL: doctor.scene.mode.health.crisp,
      CRISP_TOKEN_IDENTIFIER: identifier,
      CRISP_TOKEN_KEY: key,
      CRISP_HOOK_SECRETS: 'a-hook-secret-for-tests',
    };

    const findings = await doctor.examine({ environment });

    expect(failuresOf(findings)).toMatchObject([
      { check: `website ${other}`, remedy: expect.stringContaining('install') },
    ]);
  });

  test('a queue that was changed by hand is held against the template', async () => {
    const { clients, resources } = doctor.scene.mode.aws;
    const QueueUrl = resources.queues.records;
    const set = (VisibilityTimeout: string) =>
      clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout } }));
    await set('30');
    onTestFinished(async () => void (await set('300')));

    const findings = await doctor.examine();

    expect(failuresOf(findings)).toMatchObject([
      { check: 'queue records', message: 'VisibilityTimeout is 30, not 300' },
    ]);
  });

  test('local mode is judged by what it was started with, whatever the environment of the doctor has', async () => {
    const environment = {
      COALESCE_SECONDS: '60',
      COALESCE_MARGIN_SECONDS: '10',
      CONSUMER_CONCURRENCY: '9',
      CRISP_HOOK_MODE: 'website',
      CRISP_TIER: 'website',
    };

    const findings = await doctor.examine({ environment });

    expect(problemsOf(findings)).toEqual([
      {
        check: 'local mode',
        state: 'warn',
        message: expect.stringMatching(
          /with other settings than this environment has: sessionsDelaySeconds, consumerConcurrency, hookMode, crispTier$/,
        ),
        remedy: expect.any(String),
      },
    ]);
  });

  test('nothing that the doctor says of local mode speaks of a deployment', async () => {
    const { clients, resources } = doctor.scene.mode.aws;
    const QueueUrl = resources.queues.sessions;
    const set = (VisibilityTimeout: string) =>
      clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout } }));
    await set('30');
    onTestFinished(async () => void (await set('3600')));

    const findings = await doctor.examine();

    expect(failuresOf(findings)).toMatchObject([
      { check: 'queue sessions', remedy: expect.stringContaining('start local mode again') },
    ]);
    expect(JSON.stringify(findings)).not.toMatch(/deploy/i);
  });

  test('a wrong variable is told, and what does not depend on it is looked at all the same', async () => {
    const findings = await doctor.examine({ environment: { MAX_PAGES: 'many' } });

    expect(failuresOf(findings)).toMatchObject([
      { check: 'configuration', message: expect.stringMatching(/^MAX_PAGES: expected a whole number/) },
    ]);
    expect(findings.map(({ check }) => check)).toContain('local mode');
  });

  test('the command ends with 0 where nothing failed, and with 1 where something did', async () => {
    const env = {
      CRISP_ENRICH_URL: new URL(doctor.scene.mode.health.webhook).origin,
      COALESCE_SECONDS: '1',
      COALESCE_MARGIN_SECONDS: '1',
    };

    const sound = await runCliProcess(['doctor'], { env });
    const wrong = await runCliProcess(['doctor', '--json'], { env: { ...env, MAX_PAGES: 'many' } });

    expect(sound).toMatchObject({ exitCode: 0, stderr: '' });
    expect(sound.stdout).toMatch(`\n${11 + STAGE_QUEUE_NAMES.length} ok, 0 warnings, 0 failed, 0 skipped\n`);
    expect(wrong.exitCode).toBe(1);
    expect(JSON.parse(wrong.stdout).findings).toContainEqual(
      expect.objectContaining({ check: 'configuration', state: 'fail' }),
    );
  });

  test('without local mode the command says so and fails', async () => {
    const { exitCode, stdout } = await runCliProcess(['doctor'], {
      env: { CRISP_ENRICH_URL: 'http://127.0.0.1:9' },
    });

    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^FAILED +local mode: .*\n +→ no local mode at http:\/\/127\.0\.0\.1:9/m);
  });

  const failuresOf = (findings: readonly Finding[]) => findings.filter(({ state }) => state === 'fail');

  /** Whatever is not well: also what was skipped. */
  const problemsOf = (findings: readonly Finding[]) => findings.filter(({ state }) => state !== 'ok');
});

describe('doctor live', () => {
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
    simulator.account.scopes = undefined;
  });

  afterAll(() => server.stop());

  function aSetup({ token = simulator.account.token } = {}): Setup {
    const baseUrl = new URL(`${server.url}/v1`);
    const crisp = {
      token,
      config: { ...consumer(), crispApiUrl: baseUrl, crispTier: 'plugin', websiteIds: [], include: [] },
    } as const;
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
    simulator.account.scopes = new Set([
      'website:conversation:sessions',
      'website:conversation:messages',
      'website:people:profiles',
    ]);

    const { observations } = await observe();

    expect(answersOf(observations)).toMatchObject({
      'timestamp_before is strict': 'seen: no: a message of that very moment came',
      'visited pages: entries of a page, and 206 while there are more': 'not_seen: 403 not_allowed',
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

    await expect(observe(aSetup({ token: { identifier: 'unknown', key: 'unknown' } }))).rejects.toMatchObject(
      {
        code: 'crisp_unusable',
      },
    );

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
});
