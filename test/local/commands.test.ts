import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { toSessionKey } from '../../lib/ids.ts';
import { runCliHere, runCliProcess } from '../support/cli.ts';
import { type LocalScene, simulatorOf, startLocalScene, untilMapping } from '../support/local-scene.ts';

type StopLater = (stop: () => Promise<void>) => void;

async function start(onTestFinished: StopLater, env: Record<string, string> = {}): Promise<LocalScene> {
  const scene = await startLocalScene({ env });
  onTestFinished(scene.stop);
  return scene;
}

/** Of a test that runs beside others. */
async function aFolder(onTestFinished: StopLater): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'commands-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const SECRET = 'a-hook-secret-for-tests-long-enough-for-urls';

const toEnvironment = ({ mode }: LocalScene) => ({
  CRISP_ENRICH_URL: new URL(mode.health.webhook).origin,
  CRISP_HOOK_SECRETS: SECRET,
});

const command = (scene: LocalScene, ...words: string[]) => runCliHere(words, { env: toEnvironment(scene) });

/** The command line in a process of its own, before a local mode. */
const commandProcess = (scene: LocalScene, ...words: string[]) =>
  runCliProcess(words, { env: toEnvironment(scene) });

function aConversation(scene: LocalScene) {
  const [session] = simulatorOf(scene).seedConversations({ conversations: 1, messages: 3 });
  if (!session) throw new Error('no session');
  return session;
}

describe.concurrent('the command line before a local mode', { timeout: 90_000 }, () => {
  test('a poisoned conversation is followed from its hook to the reason, and one command makes it a record', async ({
    onTestFinished,
  }) => {
    const scene = await start(onTestFinished, { MAX_ATTEMPTS: '2' });
    const session = aConversation(scene);
    const key = toSessionKey(session);
    const heal = simulatorOf(scene).faults.add({
      effect: { kind: 'truncate' },
      route: 'messages',
      sessionId: session.sessionId,
      times: Number.POSITIVE_INFINITY,
    });

    const sent = await commandProcess(scene, 'hook', 'send', key);
    await untilDead(scene);
    const listed = await commandProcess(scene, 'dlq', 'list');
    const dead = await command(scene, 'trace', key);
    const [, redrive = ''] = /^to bring it back: npx crisp-enrich (.+)$/m.exec(dead.stdout) ?? [];
    heal();
    const redriven = await commandProcess(scene, ...redrive.split(' '));
    const [record] = await scene.receiveRecords(1);
    const story = await commandProcess(scene, 'trace', key, '--json');
    const got = await command(scene, 'get', key, '--json');
    const status = await commandProcess(scene, 'status', '--json');

    expect(sent).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^202 .*queued/) });
    expect(listed.stdout).toMatch(/^bad_response +1 /m);
    expect(dead.stdout).toMatch(/ dead +\d+ +\d+ ms +bad_response:truncated, attempt 2 failed for good/);
    expect(dead.stdout).toMatch(/ dead-lettered .*waits in the dead-letter queue after 2 attempts/);
    expect(redriven).toMatchObject({ exitCode: 0, stdout: '1 message moved, 0 left, 0 new since.\n' });
    expect(record?.session_id).toBe(session.sessionId);
    const kinds = JSON.parse(story.stdout).timeline.map(({ kind }: { kind: string }) => kind);
    expect(kinds.filter((kind: string) => kind !== 'deferred' && kind !== 'waiting')).toEqual([
      ...['queued', 'failed', 'dead'],
      ...['redriven', 'queued', 'fetched', 'announced'],
    ]);
    expect(JSON.parse(got.stdout)).toEqual(record);
    expect(JSON.parse(status.stdout).last_records).toMatchObject([{ session_id: session.sessionId }]);
  });

  /** Waits until SQS has moved a message to the dead-letter queue, and shows it again. */
  async function untilDead(scene: LocalScene) {
    const QueueUrl = scene.mode.health.queues['sessions-dlq'];
    const { ReceiptHandle } = await scene.receiveFrom(QueueUrl);
    const again = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    await scene.mode.aws.clients.sqs.send(again);
  }

  test('records that SNS could not deliver go back as they were, and what SNS added stays behind', async ({
    onTestFinished,
  }) => {
    const scene = await start(onTestFinished);
    const { sqs } = scene.mode.aws.clients;
    const { 'records-undelivered': undelivered, 'records-dlq': dead, records } = scene.mode.health.queues;
    const text = (StringValue: string) => ({ DataType: 'String', StringValue });
    for (const [QueueUrl, MessageBody] of [
      [undelivered, 'a record'],
      [undelivered, 'another'],
      [dead, 'a third'],
    ] as const) {
      const MessageAttributes = { kind: text('conversation.enriched'), ErrorCode: text('AccessDenied') };
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
    }

    const preview = await command(scene, 'records', 'redrive');
    const first = await commandProcess(
      scene,
      'records',
      'redrive',
      '--from',
      'undelivered',
      '--max',
      '1',
      '--yes',
    );
    const rest = await command(scene, 'records', 'redrive', '--yes', '--json');
    const again = await command(scene, 'records', 'redrive', '--yes', '--json');

    expect(preview.stdout).toBe(
      'records-dlq: 1 record would go back to records\n' +
        'records-undelivered: 2 records would go back to records\n' +
        'nothing moved; add --yes\n',
    );
    expect(first).toMatchObject({
      exitCode: 0,
      stdout: 'records-undelivered: 1 record moved to records, 0 left.\n',
    });
    expect(JSON.parse(rest.stdout).queues).toMatchObject([
      { name: 'records-undelivered', found: 1, moved: 1, failed: 0, ended: 'complete' },
      { name: 'records-dlq', found: 1, moved: 1 },
    ]);
    expect(JSON.parse(again.stdout).queues).toMatchObject([{ moved: 0 }, { moved: 0 }]);
    const command_ = new ReceiveMessageCommand({
      ...{ QueueUrl: records, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 },
      MessageAttributeNames: ['All'],
    });
    const { Messages = [] } = await sqs.send(command_);
    expect(Messages.map(({ Body }) => Body).toSorted()).toEqual(['a record', 'a third', 'another']);
    for (const { MessageAttributes = {} } of Messages)
      expect(Object.keys(MessageAttributes)).toEqual(['kind']);
  });

  test('sessions that wait behind a pause are listed, exported, added to the file later, and enqueued from it', async ({
    onTestFinished,
  }) => {
    const scene = await start(onTestFinished);
    const [first, second] = [aConversation(scene), aConversation(scene)];
    const file = join(await aFolder(onTestFinished), 'waiting.jsonl');
    await command(scene, 'pause', '--reason', 'a test');
    // A mapping goes on delivering for a while.
    await untilMapping(scene, 'off');
    await scene.hook(first);
    const listed = await untilListed(scene, 1);
    const exported = await commandProcess(scene, 'sessions', 'export', '--output', file);
    const taken = await command(scene, 'sessions', 'export', '--output', file);
    await scene.hook(second);
    await untilListed(scene, 2);
    const resumed = await command(scene, 'sessions', 'export', '--output', file, '--resume', '--json');
    const lines = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const enqueued = await commandProcess(scene, 'enqueue', '--file', file);

    expect(listed).toMatchObject([{ session_id: first.sessionId, failure: null }]);
    expect(exported).toMatchObject({ exitCode: 0, stderr: `1 session exported to ${file}.\n` });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(taken).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('exists; add --force') });
    expect(JSON.parse(resumed.stdout)).toMatchObject({ exported: 1 });
    expect(lines.map(({ session_id }) => session_id)).toEqual([first.sessionId, second.sessionId]);
    expect(enqueued.stdout).toBe('2 sessions queued, 0 failed, 0 not read.\n');
  });

  async function untilListed(scene: LocalScene, count: number) {
    for (let looks = 0; looks < 30; looks += 1) {
      const { stdout } = await command(scene, 'sessions', 'list', '--json');
      const { sessions } = JSON.parse(stdout);
      if (sessions.length === count) return sessions;
    }
    throw new Error(`never ${count} waiting`);
  }

  test('a record is fetched from Crisp before anything of it was archived, and signing by hand is believed', async ({
    onTestFinished,
  }) => {
    const scene = await start(onTestFinished);
    const session = aConversation(scene);
    const key = toSessionKey(session);
    const folder = await aFolder(onTestFinished);
    const body = JSON.stringify({
      website_id: session.websiteId,
      event: 'message:send',
      data: { website_id: session.websiteId, session_id: session.sessionId },
    });
    await writeFile(join(folder, 'body.json'), body);

    const absent = await command(scene, 'get', key);
    const fetched = await commandProcess(
      scene,
      'get',
      key,
      '--fetch',
      '--output',
      join(folder, 'record.json'),
    );
    const signed = await commandProcess(scene, 'hook', 'sign', '--file', join(folder, 'body.json'), '--json');
    const { timestamp, signature } = JSON.parse(signed.stdout);
    const answer = await fetch(scene.mode.health.webhook, {
      method: 'POST',
      body,
      headers: { 'x-crisp-request-timestamp': timestamp, 'x-crisp-signature': signature },
    });

    expect(absent).toMatchObject({
      exitCode: 1,
      stderr: `the archive has no record of ${session.sessionId} of website ${session.websiteId}; --fetch asks Crisp\n`,
    });
    expect(fetched).toMatchObject({ exitCode: 0, stdout: '' });
    const record = JSON.parse(await readFile(join(folder, 'record.json'), 'utf8'));
    expect(record).toMatchObject({ session_id: session.sessionId, kind: 'conversation.enriched' });
    expect(record.messages).toHaveLength(3);
    expect(answer.status).toBe(202);
  });
});
