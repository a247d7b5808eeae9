import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBatchResponse, toSqsEvent } from '../../../lib/local/lambda/batch.ts';
import { startSchedule } from '../../../lib/local/lambda/schedule.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

describe('read batch response', () => {
  const IDS = new Set(['a', 'b', 'c']);

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['an empty object', {}],
    ['an empty list', { batchItemFailures: [] }],
    ['a list that is null', { batchItemFailures: null }],
    ['a list that is undefined', { batchItemFailures: undefined }],
  ])('%s means that all messages succeeded', (_name, response) => {
    expect(readBatchResponse(response, IDS)).toEqual({ outcome: 'reported', failedIds: new Set() });
  });

  test.each([
    ['an empty identifier', [{ itemIdentifier: '' }], 'identifier-empty'],
    ['a null identifier', [{ itemIdentifier: null }], 'identifier-missing'],
    ['an identifier under another name', [{ itemId: 'a' }], 'identifier-missing'],
    ['an identifier that is a number', [{ itemIdentifier: 1 }], 'identifier-missing'],
    ['an entry that is no object', ['a'], 'identifier-missing'],
    [
      'an identifier of another batch',
      [{ itemIdentifier: 'a' }, { itemIdentifier: 'z' }],
      'identifier-unknown',
    ],
    ['failures that are no list', 'a', 'failures-not-a-list'],
  ])('%s fails the whole batch', (_name, batchItemFailures, reason) => {
    expect(readBatchResponse({ batchItemFailures }, IDS)).toEqual({ outcome: 'invalid', reason });
  });

  test.each([
    ['a text', 'ok', 'response-not-an-object'],
    ['a list', [], 'response-not-an-object'],
    ['what cannot be written as JSON', { n: 1n }, 'response-not-serializable'],
  ])('a response that is %s fails the whole batch', (_name, response, reason) => {
    expect(readBatchResponse(response, IDS)).toEqual({ outcome: 'invalid', reason });
  });

  test('exactly the reported messages failed, however often each is named', () => {
    const reported = fc.array(fc.constantFrom(...IDS));

    fc.assert(
      fc.property(reported, (ids) => {
        const response = { batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) };

        const result = readBatchResponse(response, IDS);

        expect(result).toEqual({ outcome: 'reported', failedIds: new Set(ids) });
      }),
    );
  });
});

test('message attributes have the names that Lambda gives them, binary values in base64', () => {
  const MessageAttributes = {
    kind: { DataType: 'String', StringValue: 'x' },
    bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2, 255]) },
  };

  const { Records } = toSqsEvent([{ MessageAttributes }], 'arn:aws:sqs:eu-west-1:000000000000:q');

  expect(Records[0]).toMatchObject({
    awsRegion: 'eu-west-1',
    messageAttributes: {
      kind: { dataType: 'String', stringValue: 'x', stringListValues: [], binaryListValues: [] },
      bytes: { dataType: 'Binary', binaryValue: 'AQL/', stringListValues: [], binaryListValues: [] },
    },
  });
});

describe('start schedule', () => {
  const EVERY_MS = 60_000;

  function createScene(run: () => Promise<unknown> = async () => undefined) {
    const clock = createVirtualClock();
    const failures: unknown[] = [];
    let runs = 0;
    const schedule = startSchedule({
      everyMs: EVERY_MS,
      run: () => {
        runs += 1;
        return run();
      },
      clock,
      onFailure: (error) => failures.push(error),
    });
    return { clock, schedule, failures, runs: () => runs };
  }

  test('the first run comes after one interval, and then one after each', async () => {
    const { clock, runs } = createScene();
    const counts: number[] = [];

    for (const ms of [EVERY_MS - 1, 1, EVERY_MS, EVERY_MS]) {
      await clock.advance(ms);
      counts.push(runs());
    }

    expect(counts).toEqual([0, 1, 2, 3]);
  });

  test('a run that fails is told, and the next one comes', async () => {
    const { clock, runs, failures } = createScene(() => Promise.reject(new Error('no')));

    await clock.advance(2 * EVERY_MS);

    expect([runs(), failures.length]).toEqual([2, 2]);
  });

  test('stopped, it runs no more, and waits for a run under way for two seconds at most', async () => {
    const { clock, schedule, runs } = createScene(() => new Promise(() => undefined));
    await clock.advance(EVERY_MS);
    let isStopped = false;

    const stopping = schedule.stop().then(() => {
      isStopped = true;
    });
    await clock.advance(1999);
    const before = isStopped;
    await clock.advance(1);
    await stopping;
    await clock.advance(10 * EVERY_MS);

    expect([before, isStopped, runs()]).toEqual([false, true, 1]);
  });

  test('stopped between two runs, it ends at once', async () => {
    const { schedule, clock } = createScene();

    await schedule.stop();

    expect(clock.sleepers).toBe(0);
  });
});
