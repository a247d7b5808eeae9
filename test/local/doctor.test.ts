import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import type { Finding } from '../../lib/core/doctor/finding.ts';
import { type DoctorScene, startDoctorScene } from '../support/open-doctor-scene.ts';
import { runCliProcess } from '../support/run-cli-process.ts';
import { simulatorOf } from '../support/start-local-scene.ts';

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
    'queue sessions',
    'queue sessions-dlq',
    'queue records',
    'queue records-dlq',
    'queue records-undelivered',
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
  expect(sound.stdout).toMatch(/^16 ok, 0 warnings, 0 failed, 0 skipped$/m);
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
