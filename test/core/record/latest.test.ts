import { expect, test } from 'vitest';
import { decodeLatest } from '../../../lib/core/record/latest.ts';

const LATEST = {
  kind: 'conversation.enriched',
  version: 3,
  content_hash: 'sha256:x',
  announced: false,
  updated_at: null,
};

test('latest is read back as it was written', () => {
  expect(decodeLatest(JSON.stringify(LATEST))).toEqual(LATEST);
});

test.each([
  ['no JSON', '{'],
  ['no object', 'null'],
  ['without version', JSON.stringify({ ...LATEST, version: undefined })],
  ['with an announcement that is neither made nor not', JSON.stringify({ ...LATEST, announced: 'yes' })],
])('latest that is %s is none', (_, text) => {
  expect(decodeLatest(text)).toBeUndefined();
});
