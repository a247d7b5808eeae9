import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SqsMessage } from '../../../lib/local/aws/fauxqs-internals.ts';
import { createDueList, createMessageLine, type LineEntry } from '../../../lib/local/aws/sqs/message-line.ts';
import { type MessageLog, openMessageLog } from '../../../lib/local/aws/sqs/message-log.ts';
import { EmbeddedQueue } from '../../../lib/local/aws/sqs/queue.ts';
import { aTemporaryFolder } from '../../support/files.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

test('whatever is added in whatever order, the earliest comes first', () => {
  const steps = fc.array(fc.oneof(fc.nat(50), fc.constant('remove' as const)), { maxLength: 80 });

  fc.assert(
    fc.property(steps, (sequence) => {
      const list = createDueList<number>();
      let model: number[] = [];

      for (const step of sequence) {
        if (step === 'remove') {
          list.removeFirst();
          model = model.slice(1);
        } else {
          list.add(step, step);
          model = [...model, step].sort((a, b) => a - b);
        }
        expect(list.first()?.item).toBe(model[0]);
      }
    }),
  );
});

describe('message line', () => {
  type Step =
    | { readonly do: 'add'; readonly group: number; readonly delayMs: number }
    | { readonly do: 'take'; readonly maximum: number; readonly visibilityMs: number }
    | { readonly do: 'delete' | 'release'; readonly which: number }
    | { readonly do: 'hide'; readonly which: number; readonly visibilityMs: number }
    | { readonly do: 'wait'; readonly ms: number };

  const visibilityMs = fc.integer({ min: 1, max: 20 });
  const which = fc.nat(9);
  const steps = fc.array(
    fc.oneof<fc.Arbitrary<Step>[]>(
      fc.record({ do: fc.constant('add'), group: fc.nat(3), delayMs: fc.constantFrom(0, 0, 5) }),
      fc.record({ do: fc.constant('take'), maximum: fc.integer({ min: 1, max: 4 }), visibilityMs }),
      fc.record({ do: fc.constantFrom('delete', 'release'), which }),
      fc.record({ do: fc.constant('hide'), which, visibilityMs }),
      fc.record({ do: fc.constant('wait'), ms: fc.nat(12) }),
    ),
    { maxLength: 60 },
  );

  /** The same rules, written down as plainly as possible: a list that is searched from end to end. */
  interface ModelMessage {
    readonly order: number;
    readonly group: string;
    readonly availableAtMs: number;
    heldUntilMs?: number;
  }

  test('any sequence of operations gives what a plain list of messages would give', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const line = createMessageLine();
        let model: ModelMessage[] = [];
        let nowMs = 0;
        let order = 0;

        const held = () => model.filter(({ heldUntilMs }) => heldUntilMs !== undefined);
        const pick = (index: number) => held()[index % Math.max(1, held().length)];

        for (const step of sequence) {
          switch (step.do) {
            case 'add': {
              const message = { order, group: `g${step.group}`, availableAtMs: nowMs + step.delayMs };
              line.add(toEntry(message), message.availableAtMs, nowMs);
              model.push(message);
              order += 1;
              break;
            }
            case 'take': {
              const untilMs = nowMs + step.visibilityMs;
              const taken: number[] = [];
              line.take(step.maximum, (entry) => {
                taken.push(entry.order);
                return { receiptHandle: String(entry.order), untilMs };
              });
              expectFairTake(taken, model, { nowMs, maximum: step.maximum });
              for (const message of model) if (taken.includes(message.order)) message.heldUntilMs = untilMs;
              break;
            }
            case 'delete': {
              const message = pick(step.which);
              if (message) line.remove(String(message.order));
              model = model.filter((other) => other !== message);
              break;
            }
            case 'release': {
              const message = pick(step.which);
              if (message) line.release(String(message.order));
              if (message) delete message.heldUntilMs;
              break;
            }
            case 'hide': {
              const message = pick(step.which);
              const untilMs = nowMs + step.visibilityMs;
              if (message) line.hold(toEntry(message), { receiptHandle: String(message.order), untilMs });
              if (message) message.heldUntilMs = untilMs;
              break;
            }
            case 'wait': {
              nowMs += step.ms;
              line.advance(nowMs);
              for (const message of model)
                if ((message.heldUntilMs ?? nowMs + 1) <= nowMs) delete message.heldUntilMs;
              break;
            }
            default:
              step satisfies never;
          }
          expectSameCounts(line, model, nowMs);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a group that was served goes behind the groups that wait', () => {
    const line = createMessageLine();
    for (const [order, group] of ['a', 'a', 'a', 'b'].entries()) line.add(toEntry({ order, group }), 0, 0);
    const takeOne = () => {
      const taken: string[] = [];
      line.take(1, ({ group, order }) => {
        taken.push(group);
        return { receiptHandle: String(order), untilMs: 1000 };
      });
      return taken;
    };

    const first = takeOne();
    line.remove('0');
    const second = takeOne();

    expect([first, second]).toEqual([['a'], ['b']]);
  });

  test('messages that leave the line while they are taken make room for others', () => {
    const line = createMessageLine();
    for (const [order, group] of ['a', 'b', 'c', 'd'].entries()) line.add(toEntry({ order, group }), 0, 0);

    const kept: string[] = [];
    line.take(2, ({ group, order }) => {
      if (group < 'c') return undefined;
      kept.push(group);
      return { receiptHandle: String(order), untilMs: 1000 };
    });

    expect(kept).toEqual(['c', 'd']);
    expect(line.waitingCount).toBe(0);
  });

  function toEntry({ order, group }: { order: number; group: string }): LineEntry {
    const message = {
      messageId: `m${order}`,
      body: '',
      md5OfBody: '',
      messageAttributes: {},
      md5OfMessageAttributes: '',
      sentTimestamp: 0,
      approximateReceiveCount: 0,
    };
    return { message, order, group };
  }

  /** Only messages that may be taken; of each group an unbroken run from its first; as many as there are. */
  function expectFairTake(
    taken: readonly number[],
    model: readonly ModelMessage[],
    { nowMs, maximum }: { nowMs: number; maximum: number },
  ): void {
    const locked = new Set(model.filter((it) => it.heldUntilMs !== undefined).map(({ group }) => group));
    const takeable = model.filter((it) => it.availableAtMs <= nowMs && !locked.has(it.group));

    expect(taken).toHaveLength(Math.min(maximum, takeable.length));
    for (const group of new Set(takeable.map((it) => it.group))) {
      const inGroup = takeable.filter((it) => it.group === group).map(({ order }) => order);
      const takenOfGroup = taken.filter((order) => inGroup.includes(order));
      expect(takenOfGroup).toEqual(inGroup.slice(0, takenOfGroup.length));
    }
  }

  function expectSameCounts(
    line: ReturnType<typeof createMessageLine>,
    model: readonly ModelMessage[],
    nowMs: number,
  ): void {
    const held = model.filter(({ heldUntilMs }) => heldUntilMs !== undefined).length;
    const delayed = model.filter(({ availableAtMs }) => availableAtMs > nowMs).length;
    expect({ held: line.held.size, delayed: line.delayedCount, waiting: line.waitingCount }).toEqual({
      held,
      delayed,
      waiting: model.length - held - delayed,
    });
  }
});

describe('embedded queue', () => {
  async function openLog(): Promise<MessageLog> {
    return openMessageLog(await aTemporaryFolder());
  }

  function createQueue(log: MessageLog | undefined, clock = createVirtualClock()): EmbeddedQueue {
    const attributes = { FifoQueue: 'true' };
    return new EmbeddedQueue(['q.fifo', 'http://127.0.0.1/q.fifo', 'arn:q', attributes], { clock, log });
  }

  function aMessage(deduplicationId: string): SqsMessage {
    return {
      messageId: randomUUID(),
      body: 'x',
      md5OfBody: '',
      messageAttributes: {},
      md5OfMessageAttributes: '',
      sentTimestamp: 0,
      approximateReceiveCount: 0,
      messageGroupId: 'g',
      messageDeduplicationId: deduplicationId,
    };
  }

  test.each(['add', 'addSent'] as const)(
    'a message that could not be written is not remembered as sent: the second try is no duplicate (%s)',
    async (operation) => {
      const log = await openLog();
      const queue = createQueue({
        ...log,
        [operation]: () => {
          throw new Error('database or disk is full');
        },
      });

      expect(() => queue.enqueue(aMessage('d'))).toThrow(/disk is full/);
      expect(queue.checkDeduplication('d').isDuplicate).toBe(false);
      const restarted = createQueue(log);
      expect(restarted.checkDeduplication('d').isDuplicate).toBe(false);
      expect(restarted.dequeue(1)).toEqual([]);
    },
  );

  test('a dead letter that cannot be written to its queue stays in the first one', async () => {
    const log = await openLog();
    const queue = createQueue(log);
    queue.setAttributes({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: 'arn:dlq', maxReceiveCount: 1 }),
    });
    queue.enqueue(aMessage('d'));
    queue.dequeue(1, 0);
    const broken = createQueue(undefined);
    broken.takeDeadLetter = () => {
      throw new Error('database or disk is full');
    };

    expect(() => queue.dequeue(1, 0, () => broken)).toThrow(/disk is full/);
    const restarted = createQueue(log);

    expect(restarted.dequeue(1)).toHaveLength(1);
    expect(queue.dequeue(1)).toHaveLength(1);
  });

  test('sequence numbers grow over a restart, also when the clock went back', async () => {
    const log = await openLog();
    const before = createQueue(log, createVirtualClock(2_000_000_000_000));
    const first = { ...aMessage('d'), sequenceNumber: before.nextSequenceNumber() };
    before.enqueue(first);

    const after = createQueue(log, createVirtualClock(1_900_000_000_000)).nextSequenceNumber();

    expect(BigInt(after)).toBeGreaterThan(BigInt(first.sequenceNumber));
    expect(after).toMatch(/^\d{20}$/);
  });

  test('a message without a dead-letter queue that exists is received on and on', async () => {
    const queue = createQueue(undefined);
    queue.setAttributes({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: 'arn:none', maxReceiveCount: 1 }),
    });
    queue.enqueue(aMessage('d'));

    const receives = [1, 2, 3].map(() => queue.dequeue(1, 0, () => undefined).length);

    expect(receives).toEqual([1, 1, 1]);
  });
});
