import { CreateQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { createSqsQueueReader } from '../../../lib/aws/queues.ts';
import { createSqsDeadLetterQueue } from '../../../lib/dead-letters/queue.ts';
import { ALL_BEHAVIOURS } from '../../conformance/all-behaviours.ts';
import { describeDeadLetterQueue } from '../../contracts/dead-letter-queue-contract.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { judge } from '../oracle/judge.ts';
import type { Conversation } from './crisp-store.ts';
import { type CauseOfDeath, type Crossing, createInstances } from './instances.ts';
import { createDisturbances, createRecorder } from './recorder.ts';
import { CONSUMER_TIMEOUT_MS, toTerms } from './settings.ts';
import { aWorld, createFakeAwsTarget, tellOfAMessage } from './support.ts';
import type { World } from './world.ts';

describe('fake aws', () => {
  const IMPLEMENTATION = 'the chaos suite’s';

  // Its topic is the records topic alone: nobody can subscribe.
  const { SNS: _, ...behaviours } = ALL_BEHAVIOURS;

  describe.each(Object.entries(behaviours))(
    `%s of ${IMPLEMENTATION} behaves as AWS does`,
    (_service, all) => {
      test.each(Object.entries(all))('%s', (_title, run) => run(createFakeAwsTarget()));
    },
  );

  describeDeadLetterQueue(IMPLEMENTATION, async () => {
    const { sqs } = createFakeAwsTarget();
    const Attributes = { FifoQueue: 'true', DeduplicationScope: 'messageGroup' };
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'dlq.fifo', Attributes }));
    return {
      queue: createSqsDeadLetterQueue(sqs, QueueUrl),
      reader: createSqsQueueReader(sqs, QueueUrl),
      async bury(letters) {
        for (const [place, { body, group }] of letters.entries()) {
          const ids = { MessageGroupId: group, MessageDeduplicationId: String(place) };
          await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, ...ids }));
        }
      },
    };
  });
});

describe('instance', () => {
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
});

describe('world', () => {
  test('a message becomes a record, and every promise is kept', async () => {
    const world = aWorld();
    tellOfAMessage(world);

    expect(await world.settle(600_000)).toBe(true);
    const { violations, figures } = judge(world.history, toTerms(world.settings));

    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ accepted: 1, records: 1, deadLetters: 0 });
  });

  test('a batch whose instance dies comes back after the visibility timeout', async () => {
    const world = aWorld();
    tellOfAMessage(world);
    const spare = world.strikes.add(({ instance }) => (instance.role === 'consumer' ? 'fault' : undefined));

    await world.advance(300_000);
    spare();
    await world.settle(2 * 3600_000);

    const receives = world.history.filter(({ type }) => type === 'message-received');
    expect(receives).toHaveLength(2);
    expect((receives[1]?.atMs ?? 0) - (receives[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(3600_000);
  });

  test('a batch whose instance is killed at work is back within six minutes of its deadline, and apart', async () => {
    const world = aWorld();
    const names = ['session_a', 'session_b', 'session_c', 'session_d', 'session_e'];
    await tellAtOnce(world, names);
    const spare = world.crisp.disturbances.add(({ instance }) => {
      instance.kill('memory');
      return undefined;
    });

    await world.advance(120_000);
    spare();
    const isOver = await world.settle(CONSUMER_TIMEOUT_MS + 6 * 60_000);

    const receives = world.history.flatMap((event) =>
      event.type === 'message-received' ? [event.atMs] : [],
    );
    expect(isOver).toBe(true);
    expect(receives).toHaveLength(2 * names.length);
    const returns = receives.slice(names.length);
    expect((returns[0] ?? 0) - (receives[0] ?? 0)).toBeGreaterThan(CONSUMER_TIMEOUT_MS);
    expect(new Set(returns).size).toBe(names.length);
    expect(judge(world.history, toTerms(world.settings))).toMatchObject({
      violations: [],
      figures: { records: names.length },
    });
  });

  test('a session that was announced before its instance was killed serves its next hook as usual', async () => {
    const world = aWorld();
    const [quick, slow] = await tellAtOnce(world, ['session_quick', 'session_slow']);
    if (!quick || !slow) throw new Error('two conversations');
    world.crisp.disturbances.add(({ sessionKey, instance }) => {
      if (sessionKey !== slow.key) return undefined;
      world.clock.schedule(world.clock.nowMs() + 5_000, () => instance.kill('memory'));
      return { fault: 'F23', kind: 'hang' };
    });
    await world.advance(120_000);
    const { fingerprint } = world.crisp.store.say(quick, {});
    const { websiteId, sessionId } = quick;
    world.hooks.send({ name: 'message:send', websiteId, sessionId, data: { fingerprint }, fingerprint });

    await world.advance(130_000);

    const published = world.history.filter(
      (event) => event.type === 'notice-published' && event.body.includes(sessionId),
    );
    expect(published).toHaveLength(2);
  });

  test('a response with an id that is not of the batch makes the whole batch a failure', async () => {
    const world = aWorld();
    tellOfAMessage(world);
    world.mapping.troubles.changeResponse = () => ({ batchItemFailures: [{ itemIdentifier: 'nobody' }] });

    await world.advance(600_000);

    expect(world.sessions.queue.count()).toMatchObject({ inFlight: 1 });
  });

  test('the function is ended at its timeout', async () => {
    const world = aWorld();
    tellOfAMessage(world);
    world.crisp.disturbances.add(({ instance }) => {
      instance.freeze();
      return undefined;
    });

    await world.advance(1_200_000);

    expect(world.history).toContainEqual(
      expect.objectContaining({ type: 'instance-killed', instance: 'consumer-1', why: 'timeout' }),
    );
  });

  test('while the mapping is off nothing is handed out, and it takes up to a minute to be so', async () => {
    const world = aWorld();
    // The probe would turn it on again: nothing is wrong with Crisp.
    world.schedule.stop();

    world.mapping.state.turn(false);
    expect(world.mapping.state.isPolling).toBe(true);
    expect(world.mapping.state.turn(true)).toBe(false);
    await world.advance(60_000);
    tellOfAMessage(world);
    await world.advance(600_000);

    expect(world.history.some(({ type }) => type === 'message-received')).toBe(false);
    expect(world.sessions.queue.count()).toMatchObject({ waiting: 1 });
  });

  test('a delivery that is not answered with 2xx comes again, and is taken then', async () => {
    const world = aWorld();
    const mend = world.aws.add(({ action }) =>
      action === 'SendMessage' ? { fault: 'F5', kind: 'refuse', error: new Error('away') } : undefined,
    );
    tellOfAMessage(world);

    await world.advance(2_000);
    mend();
    await world.settle(600_000);

    const statuses = world.history.flatMap((event) => (event.type === 'hook-answered' ? [event.status] : []));
    expect(statuses).toEqual([503, 202]);
  });

  test('a cache answers with what was true a while ago', async () => {
    const world = aWorld();
    const conversation = tellOfAMessage(world);
    world.crisp.disturbances.add(({ question }) =>
      question.route === 'website/conversation/messages'
        ? { fault: 'F39', kind: 'stale', lagMs: 3600_000 }
        : undefined,
    );

    await world.settle(600_000);

    const answer = world.history.find(
      (event) => event.type === 'crisp-answered' && event.route === 'website/conversation/messages',
    );
    expect(answer).toMatchObject({ sessionKey: conversation.key, status: 404, fault: 'F39' });
  });

  /** Each session has a message in the queue, and the mapping is about to receive them together. */
  async function tellAtOnce(world: World, names: readonly string[]): Promise<Conversation[]> {
    // The probe would turn it on again: nothing is wrong with Crisp.
    world.schedule.stop();
    world.mapping.state.turn(false);
    await world.advance(60_000);
    const conversations = names.map((name) => tellOfAMessage(world, name));
    await world.advance(100_000);
    world.mapping.state.turn(true);
    return conversations;
  }
});
