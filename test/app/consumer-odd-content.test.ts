import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { aSession, WEBSITE_ID } from '../support/builders.ts';
import { createConsumerScene } from '../support/consumer-scene.ts';
import { isLegalForSqs } from '../support/is-legal-for-sqs.ts';
import type { ScriptedAnswer } from '../support/scripted-crisp.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';

const session = aSession();
const envelope = (data: string): ScriptedAnswer => ({ body: `{"error":false,"data":${data}}` });
const ENRICH_INCLUDE = 'profile,pages,events,relations';
let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});
afterAll(() => ledger.stop());

const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';
const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);

/** The record of a conversation of which Crisp sends these texts of JSON, and all that was told meanwhile. */
async function recordOf({
  conversation = '{}',
  messages = '[]',
  included,
}: {
  conversation?: string;
  messages?: string;
  /** Of profile, pages, events and relations. */
  included?: string;
}) {
  const ids = `"website_id":"${WEBSITE_ID}","session_id":"${session.sessionId}"`;
  const scene = await createConsumerScene({
    ledger,
    environment: { MAX_RESPONSE_BYTES: '4000000', INLINE_LIMIT_BYTES: '262144', ENRICH_INCLUDE },
    crisp: ({ part }) => {
      if (part === 'conversation') return envelope(conversation.replace('{', `{${ids},`).replace(',}', '}'));
      if (part === 'messages') return envelope(messages);
      return envelope(included ?? (part === 'relations' ? '{}' : '[]'));
    },
  });
  onTestFinished(() => scene.close());

  const failed = await scene.deliver({ A1: session });
  const [record] = scene.records;
  const archived = record && (await scene.archived(session, record.version));
  return {
    failed,
    record,
    archived,
    codes: scene.telemetry.named('job-dead').map(({ code }) => code),
    scene,
  };
}

const texts: Readonly<Record<string, string>> = {
  'a script': '<script>alert(1)</script></script><img src=x onerror=alert(1)>',
  'a link that runs': 'javascript:alert(document.domain)',
  'the title of a terminal': '\u001b]0;owned\u0007\u001b[2J\u001b[31m',
  'text that runs backwards': '\u202egpj.exe\u2066\u2028\u2029',
  'a line of a log': '\n{"level":"error","message":"forged"}\r\n',
  'what SQS refuses': '\u0000\u0001\u001f\ufffe\uffff\ud800 \udc00',
  'an emoji of a family': '👨‍👩‍👧‍👦',
  'a line of a mebibyte': 'x'.repeat(1024 * 1024),
};

describe('text that a visitor typed', () => {
  test.each(Object.entries(texts))('R24 %s is kept and announced as it is', async (_, content) => {
    const messages = [{ type: 'text', from: 'user', fingerprint: 1, timestamp: 1, content }];
    const conversation = JSON.stringify({ meta: { nickname: content, data: { note: content } } });

    const {
      failed,
      archived = '',
      record,
      scene,
    } = await recordOf({ conversation, messages: JSON.stringify(messages) });

    expect(failed).toEqual([]);
    expect(isLegalForSqs(archived)).toBe(true);
    const kept = JSON.parse(archived);
    expect(kept.messages).toEqual(messages);
    expect(kept.meta).toEqual({ nickname: content, data: { note: content } });
    // A record of a mebibyte travels as a pointer to the archive.
    expect(record).toMatchObject(content.length > 1000 ? { claim_check: {} } : { messages });
    expect(JSON.stringify(scene.telemetry.events)).not.toContain(JSON.stringify(content).slice(1, 20));
  });
});

describe('data that is not what it seems', () => {
  test('R25 a custom field __proto__ is a field of the record, and of nothing else', async () => {
    const conversation =
      '{"meta":{"data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}},"__proto__":{"polluted":1}}';

    const { failed, archived } = await recordOf({ conversation });

    expect(failed).toEqual([]);
    expect(archived).toContain(
      '"data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    );
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('R7 R8 messages of any form are in the record as they came', async () => {
    const odd = [
      null,
      7,
      'text',
      [],
      {},
      { type: 'hologram', content: null },
      { type: 7, content: [1, { a: 1 }] },
    ];

    const { failed, archived = '' } = await recordOf({ messages: JSON.stringify(odd) });

    expect(failed).toEqual([]);
    const { messages } = JSON.parse(archived);
    expect(messages).toHaveLength(odd.length);
    expect(messages).toEqual(expect.arrayContaining(odd));
  });

  test('R26 fields of other types than the record promises are set aside, and told by their paths alone', async () => {
    const conversation =
      '{"state":4111,"created_at":"4111","assigned":[],"meta":{"data":[],"segments":{},"nickname":4111},"people_id":"4111"}';

    const { failed, record, scene } = await recordOf({ conversation });

    expect(failed).toEqual([]);
    expect(record).toMatchObject({
      ...{ state: null, created_at: null, assigned: null, people_id: null, profile: null },
      meta: { data: {}, segments: [], nickname: null },
      enrichment: { odd_fields: expect.arrayContaining([{ path: 'meta.data', value: [] }]) },
    });
    expect(scene.telemetry.named('fields-odd')).toMatchObject([{ count: 7 }]);
    expect(JSON.stringify(scene.telemetry.events)).not.toContain('4111');
  });

  test.each([
    ['an empty list', '[]', ['profile', 'relations'], []],
    ['text', '"text"', ['events', 'pages', 'profile', 'relations'], 'text'],
    ['a number', '7', ['events', 'pages', 'profile', 'relations'], 7],
    ['nothing', 'null', [], undefined],
  ])('R26 %s for a profile, for lists and for relations stops nothing', async (_, included, paths, value) => {
    const { failed, record } = await recordOf({ conversation: `{"people_id":"${PEOPLE_ID}"}`, included });

    expect(failed).toEqual([]);
    expect(record).toMatchObject({ profile: null, pages: [], events: [], relations: {} });
    const odd = Object(record).enrichment.odd_fields.toSorted(byPath);
    expect(odd).toEqual(paths.map((path) => ({ path, value })));
  });

  test("R26 another person's profile is left out, and nothing of it is anywhere", async () => {
    const value = '00000000-0000-4000-8000-000000000000';

    const { failed, record, archived, scene } = await recordOf({
      conversation: `{"people_id":"${PEOPLE_ID}"}`,
      included: `{"people_id":"${value}","email":"canary@example.com"}`,
    });

    expect(failed).toEqual([]);
    expect(record).toMatchObject({ profile: null, people_id: PEOPLE_ID });
    expect(Object(record).enrichment.odd_fields).toContainEqual({ path: 'profile.people_id', value });
    expect(archived).not.toContain(`"profile":{`);
    expect(JSON.stringify(scene.telemetry.events)).not.toContain('canary');
  });

  test('R26 ids of a message that are no ids stop nothing', async () => {
    const messages = [7, null, '', [], {}, 'session_', 'nobody'].map((id, fingerprint) => ({
      ...{ fingerprint, timestamp: 1, session_id: id, website_id: id },
    }));

    const { failed, archived = '' } = await recordOf({ messages: JSON.stringify(messages) });

    expect(failed).toEqual([]);
    expect(JSON.parse(archived).messages).toEqual(messages);
  });

  test('content nested too deep to be written is bad_response:too_deep, and nothing is written', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

    const { scene } = await recordOf({ messages: `[{"fingerprint":1,"content":${deep}}]` });

    expect(scene.telemetry.named('job-failed')).toMatchObject([{ code: 'bad_response:too_deep' }]);
    expect(scene.writes()).toBe(0);
  });
});
