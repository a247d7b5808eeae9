import { expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { createResumeConsumer } from '../../../lib/use-cases/breaker/resume-consumer.ts';
import { anOpenBreaker, createBreakerScene, watch } from '../../support/breaker-scene.ts';
import { aSession } from '../../support/builders.ts';

const [A, B] = [aSession('session_a'), aSession('session_b')];

test('an instance that ends while it turns the switch has noted why', async () => {
  const scene = createBreakerScene();
  const { turnOff } = scene.tap;
  let noted: string | undefined;
  scene.tap.turnOff = async () => {
    noted = (await scene.notes.readOpening())?.code;
    await turnOff();
  };

  await scene.anInstance().judge(A, scene.failedRun('crisp_auth_failed'));

  expect(noted).toBe('crisp_auth_failed');
});

test('an opening whose switch could not be turned holds nothing back, and starts no series', async () => {
  const scene = createBreakerScene();
  scene.tap.failure = new JobError('switch_failed', { detail: 'access_denied' });
  await scene.anInstance().judge(A, scene.failedRun('crisp_auth_failed'));
  const held = await scene.anInstance().holding();
  scene.tap.failure = undefined;

  await scene.clock.advance(30_000);
  await scene.anInstance().judge(A, scene.failedRun('crisp_auth_failed'));

  expect(held).toBeUndefined();
  expect(await scene.notes.readOpening()).toMatchObject({ holdOffSeconds: 60, closing: undefined });
});

test('a run that was under way since before leaves hold-off and looks as they are, the queue being held', async () => {
  const scene = await anOpenBreaker(A, 'crisp_unavailable');
  await watch(scene, 4);
  const before = await scene.notes.readOpening();

  const blame = await scene.anInstance().judge(B, scene.failedRun('crisp_unavailable'));

  expect(blame).toBe('outage');
  expect(before).toMatchObject({ failedProbes: 2, holdOffSeconds: 240 });
  expect(await scene.notes.readOpening()).toEqual(before);
  expect(scene.telemetry.named('breaker-opened')).toHaveLength(1);
});

test('an opening that nobody closed is replaced once the queue is on', async () => {
  const scene = await anOpenBreaker(A, 'crisp_unavailable');
  await scene.clock.advance(180_000);
  scene.tap.state = 'on';

  await scene.anInstance().judge(B, scene.failedRun('crisp_unavailable'));

  expect(scene.tap.state).toBe('off');
  expect(await scene.notes.readOpening()).toMatchObject({ session: B, openedMs: scene.clock.nowMs() });
});

test('an opening that comes while the probe closes the last one is not closed with it', async () => {
  const scene = await anOpenBreaker(A, 'crisp_unavailable');
  const { clearRow } = scene.notes;
  scene.fail = () => undefined;
  scene.notes.clearRow = async () => {
    await clearRow();
    await scene.clock.advance(70_000);
    await scene.anInstance().judge(B, scene.failedRun('crisp_auth_failed'));
  };

  await watch(scene, 1);

  expect(scene.tap.state).toBe('off');
  expect(await scene.notes.readOpening()).toMatchObject({ code: 'crisp_auth_failed', closing: undefined });
});

test('an instance believes a resume by a machine whose clock is a minute behind', async () => {
  const scene = createBreakerScene();
  const breaker = scene.anInstance();
  await breaker.judge(A, scene.failedRun('crisp_auth_failed'));
  const clock = { ...scene.clock, nowMs: () => scene.clock.nowMs() - 60_000 };

  await scene.clock.advance(20_000);
  await createResumeConsumer({ notes: scene.notes, consumerSwitch: scene.tap, clock })();
  await scene.clock.advance(5000);

  expect(await breaker.holding()).toBeUndefined();
});
