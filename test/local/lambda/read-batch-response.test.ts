import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBatchResponse } from '../../../lib/local/lambda/read-batch-response.ts';

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
