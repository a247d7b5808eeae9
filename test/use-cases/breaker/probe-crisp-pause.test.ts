import { expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { anOpenBreaker, createBreakerScene, watch } from '../../support/breaker-scene.ts';
import { aSession } from '../../support/builders.ts';

const A = aSession('session_a');
const PAUSE = { sinceMs: 0, reason: 'the CRM is being moved' };

async function aPausedScene() {
  const scene = createBreakerScene();
  const probe = scene.aProbe();
  // A quarter of an hour begins: a look without the ledger is due at once, and then at each of its minutes.
  await scene.clock.advance(900_000 - (scene.clock.nowMs() % 900_000) - 120_000);
  await scene.notes.notePause(PAUSE);
  await watch(scene, 1, probe);
  return { scene, probe };
}

test('with the ledger away, a pause that was known just now keeps the queue held, for five minutes', async () => {
  const { scene, probe } = await aPausedScene();
  scene.isLedgerAway = true;

  await watch(scene, 4, probe);
  const told = scene.telemetry.named('breaker-state').at(-1);
  const soon = scene.tap.state;
  await watch(scene, 15, probe);

  expect([soon, scene.tap.state]).toEqual(['off', 'on']);
  expect(told).toMatchObject({ isOpen: false, isPaused: true });
});

test('with the ledger away, a pause that was known turns nothing off: it may have been taken back', async () => {
  const { scene, probe } = await aPausedScene();
  await scene.notes.clearPause();
  scene.tap.state = 'on';
  scene.isLedgerAway = true;

  await watch(scene, 2, probe);

  expect(scene.tap.state).toBe('on');
});

test('a pause is carried out while another note cannot be read', async () => {
  const scene = createBreakerScene();
  await scene.notes.notePause(PAUSE);
  scene.notes.readOpening = async () => {
    throw new JobError('ledger_failed', { detail: 'no_number' });
  };

  await watch(scene, 1);

  expect(scene.tap.state).toBe('off');
});

test('a pause that comes while Crisp is asked is not ended by its answer', async () => {
  const scene = await anOpenBreaker(A, 'crisp_unavailable');
  let turnedOn = 0;
  const { turnOn } = scene.tap;
  scene.tap.turnOn = async () => {
    turnedOn += 1;
    await turnOn();
  };
  scene.fail = () => {
    void scene.notes.notePause(PAUSE);
    return undefined;
  };

  await watch(scene, 1);

  expect([scene.tap.state, turnedOn]).toEqual(['off', 0]);
  expect(scene.telemetry.named('breaker-closed')).toEqual([]);
});

test('a pause that comes while the switch is turned on turns it off again', async () => {
  const scene = await anOpenBreaker(A, 'crisp_unavailable');
  const { turnOn } = scene.tap;
  scene.fail = () => undefined;
  scene.tap.turnOn = async () => {
    await scene.notes.notePause(PAUSE);
    await turnOn();
  };

  await watch(scene, 1);

  expect(scene.tap.state).toBe('off');
  expect(scene.telemetry.named('breaker-closed')).toEqual([]);
});
