import { expect, test } from 'vitest';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { createDisturbances } from './disturbances.ts';
import type { CauseOfDeath, Crossing } from './instance.ts';
import { createInstances } from './instances.ts';
import { createRecorder } from './recorder.ts';

function createScene() {
  const clock = createVirtualClock(0);
  const recorder = createRecorder(clock);
  const strikes = createDisturbances<Crossing, CauseOfDeath>();
  const instances = createInstances({ clock, recorder, strikes });
  const instance = instances.spawn('consumer');
  instance.isBusy = true;
  const effects: number[] = [];
  const send = (name = 'sqs:Send') =>
    instance.cross({ name, thereMs: 10, perform: () => effects.push(clock.nowMs()), backMs: 10 });
  return { clock, recorder, strikes, instances, instance, effects, send };
}

test('an operation takes effect when it arrives, and is answered later', async () => {
  const { clock, effects, send } = createScene();

  const sent = send();
  await clock.advance(10);
  expect(effects).toEqual([10]);
  await clock.advance(10);

  expect(await sent).toBe(1);
});

test('who dies before an operation leaves no effect, who dies after it leaves one; neither hears of it', async () => {
  for (const when of ['before', 'after'] as const) {
    const { clock, strikes, effects, send } = createScene();
    strikes.add((crossing) => (crossing.when === when ? 'fault' : undefined));

    const sent = send();
    const failed = expect(sent).rejects.toThrow('dead');
    await clock.advance(100);
    await failed;

    expect(effects).toHaveLength(when === 'before' ? 0 : 1);
  }
});

test('nothing that a dead instance begins or has under way takes effect', async () => {
  const { clock, recorder, instance, effects, send } = createScene();
  const underWay = expect(send()).rejects.toThrow('dead');

  instance.kill('timeout');
  const begun = expect(send()).rejects.toThrow('dead');
  const asleep = expect(instance.clock.sleep(5)).rejects.toThrow('dead');
  await clock.advance(1000);
  await Promise.all([underWay, begun, asleep]);

  expect(effects).toEqual([]);
  expect(recorder.history).toMatchObject([
    { type: 'instance-killed', instance: 'consumer-1', why: 'timeout' },
  ]);
});

test('an instance that is frozen gets no further, until it is ended', async () => {
  const { clock, instance, effects, send } = createScene();
  const work = instance.outlive(send());

  instance.freeze();
  await clock.advance(1_000_000);
  expect(effects).toEqual([]);
  instance.kill('timeout');

  expect(await work).toEqual({ outcome: 'died', why: 'timeout' });
});

test('what is begun while no invocation runs is told', async () => {
  const { clock, instance, instances, send } = createScene();
  instance.isBusy = false;

  const sent = send('s3:PutObject');
  await clock.advance(100);
  await sent;

  expect(instances.oddities).toEqual(['consumer-1 s3:PutObject']);
});

test('a sleep is cut short by its signal', async () => {
  const { instance } = createScene();
  const stop = new AbortController();

  const asleep = expect(instance.clock.sleep(50, stop.signal)).rejects.toThrow('enough');
  stop.abort(new Error('enough'));

  await asleep;
});
