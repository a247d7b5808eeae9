import { describe } from 'vitest';
import {
  aBody,
  aConversation,
  aFault,
  aPage,
  aRecord,
  aRemovedRecord,
  aStory,
  broken,
  changed,
  crispHas,
  FETCH_MS,
  inserted,
  kept,
  moved,
  only,
  SESSION_KEY,
  START_MS,
  type Steps,
  TERMS,
  WEBSITE_ID,
  without,
} from './stories.ts';

describe('never stale', () => {
  const LATER_MS = START_MS + 600_000;
  const SECOND = aStory({ suffix: '-2', startMs: LATER_MS, fingerprints: [1, 2], instance: 'consumer-2' });
  const BOTH: Steps = [...aStory(), ...SECOND];

  /** As if the first fetch had been the slower one, and had taken a version behind the second's. */
  const overtaken = (version: number): Steps => {
    const late = aRecord({ version, fingerprints: [1] });
    const put = { type: 'object-put', atMs: LATER_MS + 80_000, key: 'records/late', body: late } as const;
    return [
      ...without(BOTH, 'put', 'notice', 'record', 'batch', 'deleted'),
      ['put', put],
      ['notice', { type: 'notice-published', atMs: LATER_MS + 80_000, body: late }],
    ];
  };

  const notCovering = (receiveCount: number): Steps => {
    const body = aRecord({ version: FETCH_MS, fingerprints: [1], coversLatest: false });
    return changed(aStory({ receiveCount }), { notice: { body }, put: { body }, record: { body } });
  };

  /** The newer version lacks a message. */
  const LACKING = [
    ...aStory({ fingerprints: [1, 2] }),
    ...changed(aStory({ suffix: '-2', startMs: LATER_MS, fingerprints: [2] }), {
      'changed-2': { fingerprints: [1, 2] },
    }),
  ];
  const missing = { status: 404, route: 'website/conversation', body: undefined };

  /** The second message finds the conversation gone. */
  const REMOVED = changed(without(BOTH, 'messages-2', 'put-2', 'record-2'), {
    'conversation-2': missing,
    'notice-2': { body: aRemovedRecord(LATER_MS + 72_010) },
  });

  broken('I8', {
    'where a slower fetch took a higher version': overtaken(LATER_MS + 72_011),
    'where one version has two contents': [
      ...aStory(),
      [
        'twin',
        { type: 'notice-published', atMs: LATER_MS, body: aRecord({ version: FETCH_MS, fingerprints: [] }) },
      ],
    ],
    'where a newer version lacks a message that Crisp still has': LACKING,
    'where an archived version was changed': [
      ...aStory(),
      ...only(changed(aStory(), { put: { body: '{}' } }), 'put'),
    ],
    'where a removal was seen before the record was fetched, and has the higher version': changed(REMOVED, {
      'conversation-2': { atMs: FETCH_MS - 1_000 },
    }),
    'where a record and a removal have one version': [
      ...aStory(),
      ['gone', { type: 'notice-published', atMs: LATER_MS, body: aRemovedRecord(FETCH_MS) }],
    ],
    'where the newest message was missing at the third look': notCovering(3),
    'where a record that was fetched before the removal was seen has a version behind it': inserted(
      changed(REMOVED, { 'notice-2': { body: aRemovedRecord(FETCH_MS - 1) } }),
      { latest: { type: 'object-put', atMs: LATER_MS, key: 'latest/x', body: '' } },
      { before: 'conversation-2' },
    ),
    'where a record from before a removal has a version behind it': changed(REMOVED, {
      'notice-2': { body: aRemovedRecord(FETCH_MS - 1) },
      'conversation-2': { atMs: FETCH_MS + 100 },
    }),
  });

  kept('I8', {
    'where versions follow the fetches': BOTH,
    'where a slower fetch has the lower version': overtaken(FETCH_MS),
    'where the same content was announced again as a new version': [
      ...aStory(),
      ...aStory({ suffix: '-2', startMs: LATER_MS }),
    ],
    'where Crisp lost a message': [
      ...aStory({ fingerprints: [1, 2] }),
      ...aStory({ suffix: '-2', startMs: LATER_MS, fingerprints: [2] }),
    ],
    'where the older content came from a cache of Crisp': changed(LACKING, {
      'messages-2': { fault: 'F39', body: aPage([2]) },
    }),
    'where the newest message was missing at the fourth look': notCovering(4),
    'where the looks could not be counted, because the ledger had trouble': [
      ['fault', aFault('F65', 'ledger')],
      ...notCovering(1),
    ],
    'where a removal follows the record': REMOVED,
    'where a removal was published twice': [...REMOVED, ...only(REMOVED, 'notice-2')],
    'where Crisp lost a message while it was fetched': inserted(
      LACKING,
      { lost: crispHas([2], LATER_MS + 72_012) },
      { before: 'put-2' },
    ),
    'where an archived version was put again as it was': [...aStory(), ...only(aStory(), 'put')],
    'where the conversation came back after its removal': inserted(
      [...REMOVED, ...aStory({ suffix: '-3', startMs: LATER_MS + 600_000, fingerprints: [3] })],
      { back: crispHas([3], LATER_MS + 300_000) },
      { after: 'notice-2' },
    ),
  });
});

describe('no invention', () => {
  const HASH = /sha256:[0-9a-f]{64}/;
  const announced = (body: string): Steps => changed(aStory(), { notice: { body }, record: { body } });
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
  const controlCall = {
    ...aLook(FETCH_MS),
    route: 'website',
    path: `/v1/website/${WEBSITE_ID}`,
    status: 200,
  };
  const gone = crispHas(null, START_MS + 10);

  /** Seen missing twice, twelve seconds apart, and confirmed. */
  const REMOVED = inserted(
    changed(without(aStory(), 'conversation', 'messages', 'put', 'record'), {
      notice: { body: aRemovedRecord(FETCH_MS) },
    }),
    { gone, look: aLook(FETCH_MS - 12_000), 'second look': aLook(FETCH_MS), 'control call': controlCall },
    { before: 'notice' },
  );

  broken('I3', {
    'where nobody had asked for the session': without(aStory(), 'sent'),
    'where a forged delivery was enqueued': changed(aStory(), { delivered: { isGenuine: false } }),
    'where the webhook enqueued another session than the one of the delivery': changed(aStory(), {
      delivered: { sessionId: 'session_other' },
    }),
    'where the webhook sent without a delivery': changed(aStory(), { sent: { deliveryId: 'none' } }),
    'where a notice is no record': announced('{"kind":"conversation.enriched"}'),
    'where a record has a message that Crisp never gave': announced(
      aRecord({ version: FETCH_MS, fingerprints: [1, 2] }),
    ),
    'where a record has another state than Crisp gave': announced(
      aRecord({ version: FETCH_MS, fingerprints: [1], state: 'resolved' }),
    ),
    'where it was announced before Crisp was asked': moved(aStory(), 'messages', { after: 'notice' }),
    'where it was announced before it was archived': moved(aStory(), 'put', { after: 'notice' }),
    'where it claims to be complete and lacks an older message': changed(aStory(), {
      changed: { fingerprints: [0, 1] },
    }),
    'where of two messages with one fingerprint it has one': changed(aStory(), {
      changed: { names: ['[1,1,null,null] 0', '[1,1,"note","operator"] 0'] },
    }),
    'where of two messages that agree in all that names them it has one': changed(aStory(), {
      changed: { names: ['[1,1,null,null] 0', '[1,1,null,null] 1'] },
    }),
    'where its content has the hash of another': twoStories({ fingerprints: [1, 2] }, (body) =>
      body.replace(HASH, HASH.exec(aRecord({ version: 1, fingerprints: [1] }))?.[0] ?? ''),
    ),
    'where a subscriber got what was never published': changed(aStory(), { record: { body: '{}' } }),
    'where a claim check points to nothing': announced(claim({ sha256: '0'.repeat(64) })),
    'where another session was asked for': changed(aStory(), {
      sent: { body: aBody({ sessionId: 'session_other' }) },
    }),
    'where equal contents have different hashes': twoStories({}, (body) =>
      body.replace(/sha256:.{8}/, 'sha256:00000000'),
    ),
    'where Crisp had the conversation again before its removal was told': inserted(
      REMOVED,
      { 'third look': { ...aLook(FETCH_MS + 5), status: 200 } },
      { before: 'notice' },
    ),
    'where a removal was seen only once': without(REMOVED, 'look'),
    'where a removal was seen twice in three seconds': changed(REMOVED, { look: { atMs: FETCH_MS - 3_000 } }),
    'where Crisp had the conversation between the two looks': changed(REMOVED, { look: { status: 200 } }),
    'where no control call confirmed a removal': changed(REMOVED, { 'control call': { status: 503 } }),
    'where Crisp still has the conversation': without(REMOVED, 'gone'),
  });

  kept('I3', {
    'where another producer asked': changed(aStory(), { sent: { by: 'stranger', deliveryId: undefined } }),
    'where a record was delivered twice': [...aStory(), ...only(aStory(), 'record')],
    'where an older message was deleted while the pages were read': inserted(
      changed(aStory(), { changed: { fingerprints: [0, 1] } }),
      { undone: { ...gone, atMs: FETCH_MS + 1, fingerprints: [1] } },
      { before: 'put' },
    ),
    'where volatile fields differ from what Crisp gave': changed(aStory(), {
      conversation: {
        body: aConversation().replace('"unread":{}', '"unread":{"visitor":2},"compose":{"visitor":"…"}'),
      },
    }),
    'where a page was read twice': inserted(
      aStory(),
      {
        page: {
          ...aLook(FETCH_MS + 2),
          route: 'website/conversation/messages',
          status: 206,
          body: aPage([1]),
        },
      },
      { before: 'put' },
    ),
    'where a removal was seen twice and confirmed': REMOVED,
    'where Crisp failed between the two looks': inserted(
      REMOVED,
      { failed: { ...aLook(FETCH_MS - 6_000), status: 503 } },
      { after: 'look' },
    ),
    'where the first look was broken off after its status': changed(REMOVED, { look: { status: 0 } }),
  });

  /** Two stories; what the second's notice says is changed. */
  function twoStories(options: { fingerprints?: number[] }, change: (body: string) => string): Steps {
    const second = aStory({ suffix: '-2', startMs: START_MS + 600_000, ...options });
    const [[, notice] = []] = only(second, 'notice-2');
    const body = notice && 'body' in notice ? change(notice.body ?? '') : '';
    return [...aStory(), ...changed(second, { 'notice-2': { body } })];
  }

  function claim({ sha256 }: { sha256: string }): string {
    const { messages, metrics, enrichment, profile, ...header } = JSON.parse(
      aRecord({ version: FETCH_MS, fingerprints: [1] }),
    );
    const key = `records/${WEBSITE_ID}/${header.session_id}/${FETCH_MS}.json`;
    return JSON.stringify({ ...header, claim_check: { bucket: 'archive', key, bytes: 1, sha256 } });
  }
});

describe('no leak', () => {
  const [secret = ''] = TERMS.secrets;
  const [canary = ''] = TERMS.canaries;
  const line = (text: string): Steps => [
    ...aStory(),
    ['line', { type: 'line-written', atMs: START_MS, by: 'consumer', text }],
  ];
  const note = (text: string): Steps => [
    ...aStory(),
    ['note', { type: 'note-written', atMs: START_MS, text }],
  ];

  broken('I7', {
    'in a line': line(`token ${secret}`),
    'in a line, in capitals': line(secret.toUpperCase()),
    'in a line, as a URL has it': line(`?email=${encodeURIComponent(canary)}`),
    'in a line, within base64': line(Buffer.from(`user:${secret}`).toString('base64')),
    'in a line, within base64 that begins elsewhere': line(Buffer.from(`x${secret}y`).toString('base64')),
    'in a note': note(`{"reason":"${canary}"}`),
    'in a queue message': changed(aStory(), { sent: { body: `{"email":"${canary}"}` } }),
    'in the answer to a delivery': changed(aStory(), { answered: { body: canary } }),
    'in a record, where it is a secret': changed(aStory(), { notice: { body: `{"key":"${secret}"}` } }),
    'in an archived object, where it is a secret': changed(aStory(), { put: { body: secret } }),
  });

  kept('I7', {
    'where a record holds the text of a conversation': changed(aStory(), { notice: { body: canary } }),
    "where Crisp's own answer holds it": changed(aStory(), {
      conversation: { body: aConversation() + canary },
    }),
    'where a line holds a part of it': line(canary.slice(0, 5)),
    'where a stranger put it into the queue': changed(aStory(), { sent: { by: 'stranger', body: canary } }),
  });
});
