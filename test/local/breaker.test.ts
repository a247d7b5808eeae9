import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { breakerNotesOf, endHoldOff, untilTap } from '../support/local-tap.ts';
import { runCliProcess } from '../support/run-cli-process.ts';
import { type LocalScene, simulatorOf, startLocalScene } from '../support/start-local-scene.ts';

const EVERYTHING = Number.MAX_SAFE_INTEGER;

test.concurrent('a rolled token holds the queue while hooks are taken, and the probe lets all of it through again', {
  timeout: 60_000,
}, async ({ onTestFinished }) => {
  // The first message is not shown again before the tap is shut.
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
  await untilTap(scene, 'off');
  statuses.push(await scene.hook(second));
  const asked = simulator.counters.snapshot().requests.total;
  await scene.mode.pipeline.probe();
  const askedTooEarly = simulator.counters.snapshot().requests.total - asked;
  await endHoldOff(scene);
  await scene.mode.pipeline.probe();
  const tapAfterRefusal = await scene.mode.pipeline.tap.read();
  accept();
  await endHoldOff(scene);
  await scene.mode.pipeline.probe();
  const records = await scene.receiveRecords(2);

  expect(statuses).toEqual([202, 202]);
  expect(askedTooEarly).toBe(0);
  expect(tapAfterRefusal).toBe('off');
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
  await untilTap(scene, 'off');

  const held = await runCliProcess(['status'], { env });
  accept();
  const resumed = await runCliProcess(['resume'], { env });
  const [record] = await scene.receiveRecords(1);
  const paused = await runCliProcess(['pause', '--reason', 'the CRM is being moved'], { env });
  await untilTap(scene, 'off');

  expect(held).toMatchObject({ exitCode: 0, stderr: '' });
  expect(held.stdout).toMatch(/^deliveries: off; held for \d+s because of crisp_auth_failed, next look in /m);
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
  await untilTap(scene, 'off');

  const status = await scene.hook(session);
  await scene.mode.pipeline.probe();

  expect(status).toBe(202);
  expect(await scene.mode.pipeline.tap.read()).toBe('off');
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
