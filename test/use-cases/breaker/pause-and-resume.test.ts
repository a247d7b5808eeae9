import { expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { createPauseConsumer } from '../../../lib/use-cases/breaker/pause-consumer.ts';
import { createReadBreaker } from '../../../lib/use-cases/breaker/read-breaker.ts';
import { createResumeConsumer } from '../../../lib/use-cases/breaker/resume-consumer.ts';
import { type BreakerScene, createBreakerScene } from '../../support/breaker-scene.ts';
import { aSession } from '../../support/builders.ts';

const A = aSession();
const denied = new JobError('switch_failed', { detail: 'access_denied' });

function anOperator({ notes, tap, clock }: BreakerScene) {
  const deps = { notes, consumerSwitch: tap, clock };
  return {
    pause: createPauseConsumer(deps),
    resume: createResumeConsumer(deps),
    read: createReadBreaker(deps),
  };
}

test('a pause turns the tap off and is seen with its reason, until it is taken back', async () => {
  const scene = createBreakerScene();
  const { pause, resume, read } = anOperator(scene);

  const paused = await pause('the CRM is being moved');
  const during = await read();
  const resumed = await resume();

  expect([paused.outcome, resumed.outcome]).toEqual(['paused', 'resumed']);
  expect(during).toMatchObject({
    deliveries: 'off',
    isOpen: false,
    pause: { sinceMs: scene.clock.nowMs(), reason: 'the CRM is being moved' },
  });
  expect(await read()).toMatchObject({ deliveries: 'on', isOpen: false, pause: undefined });
});

test('a pause by somebody who may not turn the tap is noted, and the probe carries it out', async () => {
  const scene = createBreakerScene();
  scene.tap.failure = denied;

  const paused = await anOperator(scene).pause('maintenance');
  scene.tap.failure = undefined;
  await scene.aProbe()();

  expect(paused).toMatchObject({ outcome: 'noted', code: 'switch_failed:access_denied' });
  expect(scene.tap.state).toBe('off');
});

test('a resume by somebody who may not turn the tap is noted, and the probe carries it out', async () => {
  const scene = createBreakerScene();
  const { pause, resume } = anOperator(scene);
  await pause('maintenance');
  scene.tap.failure = denied;

  const resumed = await resume();
  scene.tap.failure = undefined;
  await scene.aProbe()();

  expect(resumed).toMatchObject({ outcome: 'noted' });
  expect(scene.tap.state).toBe('on');
});

test('a resume closes an open breaker, and removals are counted anew', async () => {
  const scene = createBreakerScene();
  const breaker = scene.anInstance();
  for (let n = 1; n <= 11; n += 1) await breaker.judgeRemoval(aSession(`session_${n}`));
  const { read, resume } = anOperator(scene);
  const before = await read();

  await resume();

  expect(before).toMatchObject({ isOpen: true, opening: { code: 'too_many_removals', closing: undefined } });
  expect(await read()).toMatchObject({ isOpen: false, opening: { closing: { wasFalseAlarm: false } } });
  expect(await breaker.judgeRemoval(aSession('session_12'))).toBe('removed');
});

test('a reason is one clipped line of printable characters', async () => {
  const scene = createBreakerScene();

  const { pause } = await anOperator(scene).pause(`line\nbreak ${'x'.repeat(1000)}`);

  expect(pause.reason).toMatch(/^line\\u000abreak x+… \(1011 characters\)$/);
  expect(pause.reason.length).toBeLessThan(250);
});

test('what is open is seen with code, hold-off and next look', async () => {
  const scene = createBreakerScene();
  await scene.anInstance().judge(A, scene.failedRun('downstream_denied'));

  expect(await anOperator(scene).read()).toEqual({
    deliveries: 'off',
    isOpen: true,
    pause: undefined,
    opening: {
      openedMs: scene.clock.nowMs(),
      code: 'downstream_denied',
      route: 'website/conversation',
      session: A,
      holdOffSeconds: 60,
      nextProbeMs: scene.clock.nowMs() + 60_000,
      failedProbes: 0,
      closing: undefined,
    },
    problems: [],
  });
});

test('what cannot be read is named, and the rest is seen', async () => {
  const scene = createBreakerScene();
  scene.tap.failure = denied;
  await scene.notes.notePause({ sinceMs: 1, reason: 'maintenance' });

  expect(await anOperator(scene).read()).toMatchObject({
    deliveries: 'unknown',
    isOpen: false,
    pause: { sinceMs: 1 },
    problems: ['switch_failed:access_denied'],
  });
});
