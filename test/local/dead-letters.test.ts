import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { type SessionRef, toSessionKey } from '../../lib/ids.ts';
import type { Failure } from '../../lib/ledger/failure-notes.ts';
import { createDynamoMessageNotes } from '../../lib/ledger/message-notes.ts';
import { readQueueDepth } from '../../lib/local/start.ts';
import { runCliHere, runCliProcess } from '../support/cli.ts';
import {
  breakerNotesOf,
  endHoldOff,
  type LocalScene,
  simulatorOf,
  startLocalScene,
  untilMapping,
} from '../support/local-scene.ts';
import { COMPILE_CACHE } from '../support/private-temporary-folder.ts';

describe('dead letters', () => {
  type StopLater = (stop: () => Promise<void>) => void;

  const FORBIDDEN: Failure = {
    code: 'crisp_forbidden',
    detail: undefined,
    hint: 'reason not_allowed',
    status: 403,
  };

  async function start(onTestFinished: StopLater, env: Record<string, string> = {}): Promise<LocalScene> {
    const scene = await startLocalScene({ env });
    onTestFinished(scene.stop);
    return scene;
  }

  const command = (scene: LocalScene, ...words: string[]) =>
    runCliHere(words, { env: { CRISP_ENRICH_URL: urlOf(scene) } });

  function urlOf({ mode }: LocalScene): string {
    return new URL(mode.health.webhook).origin;
  }

  /**
   * Sessions in the dead-letter queue as if Crisp had refused each for good. By hand: three in a row that it refuses would
   * hold the queue.
   */
  async function bury(scene: LocalScene, count: number): Promise<readonly SessionRef[]> {
    const sessions = simulatorOf(scene).seedConversations({ conversations: count, messages: 2 });
    const { aws, health } = scene.mode;
    const { sqs, dynamodb: client } = aws.clients;
    const notes = createDynamoMessageNotes({ client, table: health.table });
    for (const session of sessions) {
      const message = {
        QueueUrl: health.queues['sessions-dlq'],
        MessageBody: JSON.stringify({ ...session, mode: 'full' }),
        MessageGroupId: toSessionKey(session),
        MessageDeduplicationId: crypto.randomUUID(),
      };
      const { MessageId = '' } = await sqs.send(new SendMessageCommand(message));
      await notes.noteFailure(MessageId, FORBIDDEN, {
        spendsAttempt: false,
        isPermanent: true,
        maxAttempts: 5,
        nowMs: Date.now(),
      });
    }
    return sessions;
  }

  /** Waits until so many messages are dead, and leaves them visible. */
  async function untilDead(scene: LocalScene, count: number): Promise<void> {
    const QueueUrl = scene.mode.health.queues['sessions-dlq'];
    const { sqs } = scene.mode.aws.clients;
    const handles: (string | undefined)[] = [];
    while (handles.length < count) handles.push((await scene.receiveFrom(QueueUrl)).ReceiptHandle);
    for (const ReceiptHandle of handles) {
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    }
  }

  async function depthOf({ mode }: LocalScene) {
    return readQueueDepth(mode.aws.clients.sqs, mode.health.queues['sessions-dlq']);
  }

  describe.concurrent('dead letters', { timeout: 90_000 }, () => {
    test('a session that spends its attempts is listed with its reason, is redriven, and becomes a record', async ({
      onTestFinished,
    }) => {
      // The five of a deployment take half a minute here, at growing bounds.
      const scene = await start(onTestFinished, { MAX_ATTEMPTS: '3' });
      const simulator = simulatorOf(scene);
      const [session] = simulator.seedConversations({ conversations: 1, messages: 3 });
      if (!session) throw new Error('no session');
      const heal = simulator.faults.add({
        effect: { kind: 'truncate' },
        route: 'messages',
        sessionId: session.sessionId,
        times: Number.POSITIVE_INFINITY,
      });
      await scene.hook(session);
      await untilDead(scene, 1);

      const listed = await command(scene, 'dlq', 'list', '--json');
      const shown = await command(scene, 'dlq', 'list');
      const runs = await command(scene, 'runs', `${session.websiteId}:${session.sessionId}`, '--json');
      const preview = await command(scene, 'dlq', 'redrive');
      heal();
      const redriven = await command(scene, 'dlq', 'redrive', '--yes', '--json');
      const [record] = await scene.receiveRecords(1);

      expect(JSON.parse(listed.stdout).dead_letters).toMatchObject([
        { session_id: session.sessionId, code: 'bad_response', failed_in: 'fetch', attempts: 3 },
      ]);
      expect(shown.stdout).toMatch(/ 3 .*bad_response:truncated/);
      const outcomes = JSON.parse(runs.stdout).runs.map(({ outcome }: { outcome: string }) => outcome);
      expect(outcomes.filter((it: string) => it === 'failed' || it === 'dead')).toHaveLength(3);
      expect(preview.stdout).toContain('nothing moved; add --yes');
      expect(JSON.parse(redriven.stdout)).toMatchObject({ by: 'move-task', moved: 1, left: 0 });
      expect(record?.session_id).toBe(session.sessionId);
      expect(await depthOf(scene)).toMatchObject({ total: 0 });
    });

    test('some are redriven by their code, the others stay, and both are traced', async ({
      onTestFinished,
    }) => {
      const scene = await start(onTestFinished);
      await scene.enqueue('not a job');
      await untilDead(scene, 1);
      const sessions = await bury(scene, 2);

      const redriven = await command(
        scene,
        'dlq',
        'redrive',
        '--yes',
        '--code',
        'crisp_*',
        '--rate',
        '50',
        '--json',
      );
      const records = await scene.receiveRecords(2);
      const trace = await command(scene, 'trace', sessions[0]?.sessionId ?? '', '--json');
      const left = await command(scene, 'dlq', 'list', '--json');

      expect(JSON.parse(redriven.stdout)).toMatchObject({ by: 'enqueue', moved: 2, left: 0 });
      expect(records.map(({ session_id }) => session_id).sort()).toEqual(
        sessions.map((it) => it.sessionId).sort(),
      );
      expect(JSON.parse(trace.stdout)).toMatchObject({
        session_id: sessions[0]?.sessionId,
        latest: { kind: 'conversation.enriched', announced: true },
        dead_letters: [],
      });
      expect(JSON.parse(left.stdout).dead_letters).toMatchObject([
        { code: 'malformed_message', attempts: 1 },
      ]);
    });

    test('a redrive whose terminal is closed tells moved and left, loses nothing, and goes on when it is run again', async ({
      onTestFinished,
    }) => {
      const scene = await start(onTestFinished);
      const sessions = await bury(scene, 6);
      const { websiteId = '' } = sessions[0] ?? {};
      const words = ['dlq', 'redrive', '--yes', '--json', '--website', websiteId];
      const child = spawnCommand(scene, [...words, '--rate', '1']);
      const output = collect(child);

      const [first] = await scene.receiveRecords(1);
      // As where the terminal is closed, which may tell twice.
      child.kill('SIGHUP');
      child.kill('SIGHUP');
      const [exitCode] = await once(child, 'close');
      const { moved, left } = JSON.parse(output.stdout());
      const depth = await depthOf(scene);
      const again = await command(scene, ...words, '--rate', '50');
      const rest = await scene.receiveRecords(5);

      expect(exitCode).toBe(130);
      expect(moved).toBeGreaterThan(0);
      expect(moved + left).toBe(6);
      expect(depth).toMatchObject({ visible: left, inFlight: 0 });
      expect(JSON.parse(again.stdout)).toMatchObject({ moved: left, left: 0 });
      expect(new Set([first, ...rest].map((record) => record?.session_id)).size).toBe(6);
    });

    test('a reader that goes away ends a listing quietly, and every message is visible again', async ({
      onTestFinished,
    }) => {
      const scene = await start(onTestFinished);
      await fill(scene, 400);
      for (const form of [['--json'], ['--rows', '400']]) {
        const child = spawnCommand(scene, ['dlq', 'list', ...form]);
        const output = collect(child);

        await once(child.stdout, 'data');
        child.stdout.destroy();
        const [exitCode] = await once(child, 'close');

        expect(exitCode).toBe(0);
        expect(output.stderr()).toBe('');
        expect(await depthOf(scene)).toMatchObject({ visible: 400, inFlight: 0 });
      }
    });

    test('twenty dead letters of five sessions are seen as twenty, and hidden ones are named', async ({
      onTestFinished,
    }) => {
      const scene = await start(onTestFinished);
      await fill(scene, 20, (index) => `session-${Math.floor(index / 4)}`);
      const QueueUrl = scene.mode.health.queues['sessions-dlq'];

      const all = await command(scene, 'dlq', 'list', '--json');
      const { sqs } = scene.mode.aws.clients;
      await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
      );
      const half = await runCliProcess(['dlq', 'export'], { env: { CRISP_ENRICH_URL: urlOf(scene) } });

      expect(JSON.parse(all.stdout)).toMatchObject({ matched: 20, unseen: 0, hidden: 0 });
      expect(all.exitCode).toBe(0);
      expect(half.stdout.trimEnd().split('\n')).toHaveLength(8);
      expect(half.stderr).toContain('About 10 messages could not be seen: another reader hides them.');
      expect(half.stderr).toContain(
        'About 2 messages could not be seen: they are behind hidden ones of their session.',
      );
      expect(half.exitCode).toBe(3);
    });
  });

  function spawnCommand(scene: LocalScene, words: readonly string[]) {
    return spawn(process.execPath, [join(import.meta.dirname, '../../lib/cli/crisp-enrich.mjs'), ...words], {
      cwd: import.meta.dirname,
      env: { ...COMPILE_CACHE, CRISP_ENRICH_URL: urlOf(scene) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  function collect(child: ReturnType<typeof spawnCommand>) {
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
      });
    }
    return { stdout: () => texts.stdout, stderr: () => texts.stderr };
  }

  /** Messages in the dead-letter queue by a hand that only a test has. */
  async function fill(
    { mode }: LocalScene,
    count: number,
    toGroup: (index: number) => string = String,
  ): Promise<void> {
    const QueueUrl = mode.health.queues['sessions-dlq'];
    for (let sent = 0; sent < count; sent += 10) {
      const Entries = Array.from({ length: 10 }, (_, index) => ({
        Id: String(index),
        MessageBody: 'x'.repeat(100),
        MessageGroupId: toGroup(sent + index),
        MessageDeduplicationId: crypto.randomUUID(),
      }));
      await mode.aws.clients.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    }
  }
});

describe('breaker', () => {
  const EVERYTHING = Number.MAX_SAFE_INTEGER;

  test.concurrent('a rolled token holds the queue while hooks are taken, and the probe lets all of it through again', {
    timeout: 60_000,
  }, async ({ onTestFinished }) => {
    // The first message is not shown again before the mapping is off.
    const scene = await startLocalScene({ env: { RETRY_BASE_SECONDS: '5' } });
    onTestFinished(scene.stop);
    const simulator = simulatorOf(scene);
    const [first, second] = simulator.seedConversations({ conversations: 2, messages: 2 });
    if (!first || !second) throw new Error('no sessions');
    const accept = simulator.faults.add({
      effect: { kind: 'answer', status: 401, reason: 'invalid_session' },
      times: EVERYTHING,
    });

    const statuses = [await scene.hook(first)];
    await untilMapping(scene, 'off');
    statuses.push(await scene.hook(second));
    const asked = simulator.counters.snapshot().requests.total;
    await scene.mode.pipeline.probe();
    const askedTooEarly = simulator.counters.snapshot().requests.total - asked;
    await endHoldOff(scene);
    await scene.mode.pipeline.probe();
    const mappingAfterRefusal = await scene.mode.pipeline.mapping.read();
    accept();
    await endHoldOff(scene);
    await scene.mode.pipeline.probe();
    const records = await scene.receiveRecords(2);

    expect(statuses).toEqual([202, 202]);
    expect(askedTooEarly).toBe(0);
    expect(mappingAfterRefusal).toBe('off');
    expect(records.map((record) => record.session_id).sort()).toEqual(
      [first.sessionId, second.sessionId].sort(),
    );
    expect(await countDeadLetters(scene)).toBe(0);
    expect(scene.shown.join('')).toMatch(/the queue is held: crisp_auth_failed.*the queue flows again/s);
  });

  test.concurrent('status, pause and resume of another process see and turn the deliveries of local mode at once', {
    timeout: 60_000,
  }, async ({ onTestFinished }) => {
    const scene = await startLocalScene({ env: { RETRY_BASE_SECONDS: '5' } });
    onTestFinished(scene.stop);
    const env = { CRISP_ENRICH_URL: new URL(scene.mode.health.webhook).origin };
    const simulator = simulatorOf(scene);
    const [session] = simulator.seedConversations({ conversations: 1, messages: 2 });
    if (!session) throw new Error('no session');
    const accept = simulator.faults.add({
      effect: { kind: 'answer', status: 401, reason: 'invalid_session' },
      times: EVERYTHING,
    });
    await scene.hook(session);
    await untilMapping(scene, 'off');

    const held = await runCliProcess(['status'], { env });
    accept();
    const resumed = await runCliProcess(['resume'], { env });
    const [record] = await scene.receiveRecords(1);
    const paused = await runCliProcess(['pause', '--reason', 'the CRM is being moved'], { env });
    await untilMapping(scene, 'off');

    expect(held).toMatchObject({ exitCode: 0, stderr: '' });
    expect(held.stdout).toMatch(
      /^deliveries: off; held for \d+s because of crisp_auth_failed, next look in /m,
    );
    expect(resumed).toMatchObject({ exitCode: 0, stdout: 'Resumed: deliveries begin within seconds.\n' });
    expect(record?.session_id).toBe(session.sessionId);
    expect(paused.stdout).toMatch(/^Paused: deliveries end within seconds/);
  });

  test.concurrent('a pause holds the queue until it is taken back, whatever the probe finds', {
    timeout: 60_000,
  }, async ({ onTestFinished }) => {
    const scene = await startLocalScene();
    onTestFinished(scene.stop);
    const simulator = simulatorOf(scene);
    const [session] = simulator.seedConversations({ conversations: 1, messages: 2 });
    if (!session) throw new Error('no session');
    await breakerNotesOf(scene).notePause({ sinceMs: 1, reason: 'the CRM is being moved' });
    await scene.mode.pipeline.probe();
    await untilMapping(scene, 'off');

    const status = await scene.hook(session);
    await scene.mode.pipeline.probe();

    expect(status).toBe(202);
    expect(await scene.mode.pipeline.mapping.read()).toBe('off');
    expect(simulator.counters.snapshot().requests.total).toBe(0);
  });

  async function countDeadLetters({ mode }: LocalScene): Promise<number> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: mode.health.queues['sessions-dlq'],
      AttributeNames: ['ApproximateNumberOfMessages'],
    });
    const { Attributes } = await mode.aws.clients.sqs.send(command);
    return Number(Attributes?.ApproximateNumberOfMessages);
  }
});
