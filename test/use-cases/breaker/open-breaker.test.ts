import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { createResumeConsumer } from '../../../lib/use-cases/breaker/resume-consumer.ts';
import { anOpenBreaker, createBreakerScene, watch } from '../../support/breaker-scene.ts';
import { aSession } from '../../support/builders.ts';

const [A, B, C] = [aSession('session_a'), aSession('session_b'), aSession('session_c')];
const unavailable = () => new JobError('crisp_unavailable');

test('an instance that ends while it turns the switch has noted why', async () => {
  const scene = createBreakerScene();
  const { turnOff } = scene.tap;
  let noted: string | undefined;
  scene.tap.turnOff = async () => {
    noted = (await scene.notes.readOpening())?.code;
    await turnOff();
  };

  await scene.anInstance().judge(A, scene.failedRun('downstream_denied'));

  expect(noted).toBe('downstream_denied');
});

test('an opening whose switch could not be turned holds nothing back, and starts no series', async () => {
  const scene = createBreakerScene();
  scene.tap.failure = new JobError('switch_failed', { detail: 'access_denied' });
  await scene.anInstance().judge(A, scene.failedRun('downstream_denied'));
  const held = await scene.anInstance().holding();
  scene.tap.failure = undefined;

  await scene.clock.advance(30_000);
  await scene.anInstance().judge(A, scene.failedRun('downstream_denied'));

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
    await scene.anInstance().judge(B, scene.failedRun('downstream_denied'));
  };

  await watch(scene, 1);

  expect(scene.tap.state).toBe('off');
  expect(await scene.notes.readOpening()).toMatchObject({ code: 'downstream_denied', closing: undefined });
});

test('an instance believes a resume by a machine whose clock is a minute behind', async () => {
  const scene = createBreakerScene();
  const breaker = scene.anInstance();
  await breaker.judge(A, scene.failedRun('downstream_denied'));
  const clock = { ...scene.clock, nowMs: () => scene.clock.nowMs() - 60_000 };

  await scene.clock.advance(20_000);
  await createResumeConsumer({ notes: scene.notes, consumerSwitch: scene.tap, clock })();
  await scene.clock.advance(5000);

  expect(await breaker.holding()).toBeUndefined();
});

describe('one opening', () => {
  test('of instances that open at the same moment, for different reasons: told once, with the code that is noted', async () => {
    const scene = createBreakerScene();
    scene.fail = () => new JobError('crisp_unavailable');
    const [one, other, third] = [scene.anInstance(), scene.anInstance(), scene.anInstance()];

    await Promise.all([
      one.judge(A, scene.failedRun('crisp_unavailable')),
      other.judge(B, scene.failedRun('crisp_timeout')),
      third.judge(C, scene.failedRun('downstream_denied')),
    ]);

    const told = scene.telemetry.named('breaker-opened');
    expect(told).toHaveLength(1);
    expect(told[0]?.code).toBe((await scene.notes.readOpening())?.code);
    expect(await Promise.all([one, other, third].map((instance) => instance.holding()))).toEqual(
      Array(3).fill(told[0]?.code),
    );
  });

  test('whose note’s answer was lost is told all the same', async () => {
    const scene = createBreakerScene();
    const { noteOpening } = scene.notes;
    scene.notes.noteOpening = async (...args) => {
      await noteOpening(...args);
      return false;
    };

    await scene.anInstance().judge(A, scene.failedRun('downstream_denied'));

    expect(scene.telemetry.named('breaker-opened')).toHaveLength(1);
  });

  test('each look that fails names the real next one', async () => {
    const scene = createBreakerScene();
    scene.fail = () => new JobError('crisp_quota_exceeded', { retryAfterMs: 1_800_000 });
    await scene.anInstance().judge(A, scene.failedRun('crisp_quota_exceeded', { retryAfterMs: 120_000 }));

    await watch(scene, 2);

    expect(scene.telemetry.named('breaker-opened')).toMatchObject([{ nextLookSeconds: 120 }]);
    expect(scene.telemetry.named('breaker-probed')).toMatchObject([{ nextLookSeconds: 1800 }]);
  });
});

describe('without its helpers', () => {
  test('with the ledger away it still opens for what is clear, and blames the session for what is not', async () => {
    const scene = createBreakerScene();
    scene.isLedgerAway = true;
    const breaker = scene.anInstance();

    const unclear = [A, B, C].map((session) => breaker.judge(session, scene.failedRun('archive_failed')));
    const blames = await Promise.all(unclear);
    scene.fail = unavailable;
    blames.push(await breaker.judge(A, scene.failedRun('crisp_timeout')));

    expect(blames).toEqual(['session', 'session', 'session', 'outage']);
    expect(scene.tap.state).toBe('off');
    expect(await breaker.holding()).toBe('crisp_timeout');
    expect(scene.telemetry.named('ledger-unavailable').length).toBeGreaterThan(0);
  });

  test('a removal that cannot be counted waits, and opens nothing', async () => {
    const scene = createBreakerScene();
    scene.isLedgerAway = true;

    expect(await scene.anInstance().judgeRemoval(A)).toBe('outage');
    expect(scene.tap.state).toBe('on');
  });

  test('a switch that cannot be turned holds nothing back, is told, and is not tried by every message', async () => {
    const scene = createBreakerScene();
    scene.tap.failure = new JobError('switch_failed', { detail: 'access_denied' });
    const breaker = scene.anInstance();

    const blames = [];
    for (const session of [A, B, C]) {
      blames.push(await breaker.judge(session, scene.failedRun('downstream_denied')));
    }
    const told = scene.telemetry.named('breaker-unchanged');
    scene.tap.failure = undefined;
    await scene.clock.advance(30_000);
    await breaker.judge(A, scene.failedRun('downstream_denied'));

    expect(blames).toEqual(['outage', 'outage', 'outage']);
    expect(told).toEqual([{ name: 'breaker-unchanged', code: 'switch_failed:access_denied' }]);
    expect(scene.tap.state).toBe('off');
  });
});
