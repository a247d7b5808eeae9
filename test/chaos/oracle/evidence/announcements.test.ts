import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { aRecord, SESSION_ID, WEBSITE_ID } from '../stories/a-record.ts';
import { aStory, START_MS } from '../stories/a-story.ts';
import { findBroken } from '../stories/check.ts';
import { changed, moved, type Steps, without } from '../stories/steps.ts';

const VERSION = START_MS + 72_010;
const BODY = aRecord({ version: VERSION, fingerprints: [1] });
const SOUND = {
  bucket: 'archive',
  key: `records/${WEBSITE_ID}/${SESSION_ID}/${VERSION}.json`,
  bytes: Buffer.byteLength(BODY),
  sha256: createHash('sha256').update(BODY).digest('hex'),
};

/** The story with a pointer in place of its record. */
function withClaim(changes: Partial<typeof SOUND> = {}): Steps {
  const { messages, metrics, enrichment, profile, fetched_at, ...header } = JSON.parse(BODY);
  const body = JSON.stringify({ ...header, claim_check: { ...SOUND, ...changes } });
  return changed(changed(aStory(), 'notice', { body }), 'record', { body });
}

test('a pointer to the archived record counts as the record', () => {
  expect(findBroken(withClaim())).toEqual([]);
});

describe('a pointer is no record', () => {
  test.each<[string, Steps]>([
    ['where it names another object', withClaim({ key: 'records/other.json' })],
    ['where the hash is another', withClaim({ sha256: '0'.repeat(64) })],
    ['where the length is another', withClaim({ bytes: SOUND.bytes + 1 })],
    ['where there is no object', without(withClaim(), 'put')],
    ['where the object came afterwards', moved(withClaim(), 'put', { after: 'notice' })],
    ['where the object is no record', changed(withClaim(), 'put', { body: '{}' })],
  ])('%s', (_case, steps) => {
    expect(findBroken(steps)).toEqual(expect.arrayContaining(['I1', 'I3', 'I5']));
  });
});
