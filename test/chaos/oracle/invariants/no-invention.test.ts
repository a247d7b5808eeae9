import { describe, expect, test } from 'vitest';
import {
  aConversation,
  aPage,
  aRecord,
  aRemovedRecord,
  SESSION_KEY,
  WEBSITE_ID,
} from '../stories/a-record.ts';
import { aBody, aStory, START_MS } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import { changed, inserted, moved, type Steps, without } from '../stories/steps.ts';

const FETCH_MS = START_MS + 72_010;
const announced = (body: string): Steps => changed(changed(aStory(), 'notice', { body }), 'record', { body });
const aLook = (atMs: number) =>
  ({
    type: 'crisp-answered',
    atMs,
    endedMs: atMs,
    by: 'consumer',
    instance: 'consumer-1',
    route: 'website/conversation',
    path: '/v1',
    sessionKey: SESSION_KEY,
    status: 404,
  }) as const;
const controlCall = { ...aLook(FETCH_MS), route: 'website', path: `/v1/website/${WEBSITE_ID}`, status: 200 };
const gone = {
  type: 'crisp-changed',
  atMs: START_MS + 10,
  sessionKey: SESSION_KEY,
  fingerprints: null,
} as const;

/** Seen missing twice, twelve seconds apart, and confirmed. */
const REMOVED = inserted(
  changed(without(aStory(), 'conversation', 'messages', 'put', 'record'), 'notice', {
    body: aRemovedRecord(FETCH_MS),
  }),
  [
    ['gone', gone],
    ['look', aLook(FETCH_MS - 12_000)],
    ['second look', aLook(FETCH_MS)],
    ['control call', controlCall],
  ],
  { before: 'notice' },
);

describe('something was invented', () => {
  test.each<[string, Steps]>([
    ['where nobody had asked for the session', without(aStory(), 'sent')],
    ['where a forged delivery was enqueued', changed(aStory(), 'delivered', { isGenuine: false })],
    [
      'where the webhook enqueued another session than the one of the delivery',
      changed(aStory(), 'delivered', { sessionId: 'session_other' }),
    ],
    ['where the webhook sent without a delivery', changed(aStory(), 'sent', { deliveryId: 'none' })],
    ['where a notice is no record', announced('{"kind":"conversation.enriched"}')],
    [
      'where a record has a message that Crisp never gave',
      announced(aRecord({ version: FETCH_MS, fingerprints: [1, 2] })),
    ],
    [
      'where a record has another state than Crisp gave',
      announced(aRecord({ version: FETCH_MS, fingerprints: [1], state: 'resolved' })),
    ],
    ['where it was announced before Crisp was asked', moved(aStory(), 'messages', { after: 'notice' })],
    ['where it was announced before it was archived', moved(aStory(), 'put', { after: 'notice' })],
    [
      'where it claims to be complete and lacks an older message',
      changed(aStory(), 'changed', { fingerprints: [0, 1] }),
    ],
    [
      'where of two messages with one fingerprint it has one',
      changed(aStory(), 'changed', { names: ['[1,1,null,null] 0', '[1,1,"note","operator"] 0'] }),
    ],
    [
      'where of two messages that agree in all that names them it has one',
      changed(aStory(), 'changed', { names: ['[1,1,null,null] 0', '[1,1,null,null] 1'] }),
    ],
    ['where its content has the hash of another', hashed(aStory())],
    ['where a subscriber got what was never published', changed(aStory(), 'record', { body: '{}' })],
    ['where a claim check points to nothing', announced(claim({ sha256: '0'.repeat(64) }))],
    [
      'where another session was asked for',
      changed(aStory(), 'sent', { body: aBody({ sessionId: 'session_other' }) }),
    ],
    ['where equal contents have different hashes', otherHash(aStory())],
    [
      'where Crisp had the conversation again before its removal was told',
      inserted(REMOVED, [['third look', { ...aLook(FETCH_MS + 5), status: 200 }]], { before: 'notice' }),
    ],
    ['where a removal was seen only once', without(REMOVED, 'look')],
    ['where a removal was seen twice in three seconds', changed(REMOVED, 'look', { atMs: FETCH_MS - 3_000 })],
    ['where Crisp had the conversation between the two looks', changed(REMOVED, 'look', { status: 200 })],
    ['where no control call confirmed a removal', changed(REMOVED, 'control call', { status: 503 })],
    ['where Crisp still has the conversation', without(REMOVED, 'gone')],
  ])('%s', (_case, steps) => {
    expect(check('I3', steps)).not.toEqual([]);
  });
});

describe('nothing was invented', () => {
  test.each<[string, Steps]>([
    ['where another producer asked', changed(aStory(), 'sent', { by: 'stranger', deliveryId: undefined })],
    ['where a record was delivered twice', [...aStory(), ...aStory().filter(([name]) => name === 'record')]],
    [
      'where an older message was deleted while the pages were read',
      inserted(
        changed(aStory(), 'changed', { fingerprints: [0, 1] }),
        [['undone', { ...gone, atMs: FETCH_MS + 1, fingerprints: [1] }]],
        { before: 'put' },
      ),
    ],
    [
      'where volatile fields differ from what Crisp gave',
      changed(aStory(), 'conversation', {
        body: aConversation().replace('"unread":{}', '"unread":{"visitor":2},"compose":{"visitor":"…"}'),
      }),
    ],
    [
      'where a page was read twice',
      inserted(
        aStory(),
        [
          [
            'page',
            { ...aLook(FETCH_MS + 2), route: 'website/conversation/messages', status: 206, body: aPage([1]) },
          ],
        ],
        { before: 'put' },
      ),
    ],
    ['where a removal was seen twice and confirmed', REMOVED],
    [
      'where Crisp failed between the two looks',
      inserted(REMOVED, [['failed', { ...aLook(FETCH_MS - 6_000), status: 503 }]], { after: 'look' }),
    ],
    ['where the first look was broken off after its status', changed(REMOVED, 'look', { status: 0 })],
  ])('%s', (_case, steps) => {
    expect(check('I3', steps)).toEqual([]);
  });
});

/** Two records of different content under one hash. */
function hashed(steps: Steps): Steps {
  const second = aStory({ suffix: '-2', startMs: START_MS + 600_000, fingerprints: [1, 2] });
  const readHash = (body: string) => body.match(/sha256:[0-9a-f]{64}/)?.[0] ?? '';
  const first = readHash(aRecord({ version: 1, fingerprints: [1] }));
  return [...steps, ...second].map(([name, event]) =>
    name === 'notice-2' && 'body' in event && event.body !== undefined
      ? [name, { ...event, body: event.body.replace(readHash(event.body), first) }]
      : [name, event],
  );
}

/** The same record twice, the second with a hash of its own. */
function otherHash(steps: Steps): Steps {
  const second = aStory({ suffix: '-2', startMs: START_MS + 600_000 });
  return [...steps, ...second].map(([name, event]) =>
    name === 'notice-2' && 'body' in event && event.body !== undefined
      ? [name, { ...event, body: event.body.replace(/sha256:.{8}/, 'sha256:00000000') }]
      : [name, event],
  );
}

function claim({ sha256 }: { sha256: string }): string {
  const { messages, metrics, enrichment, profile, ...header } = JSON.parse(
    aRecord({ version: FETCH_MS, fingerprints: [1] }),
  );
  const key = `records/${WEBSITE_ID}/${header.session_id}/${FETCH_MS}.json`;
  return JSON.stringify({ ...header, claim_check: { bucket: 'archive', key, bytes: 1, sha256 } });
}
