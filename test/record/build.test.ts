import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildRecord, nextVersion, toMetrics } from '../../lib/record/build.ts';
import { enrichedRecordSchema, VOLATILE_FIELDS } from '../../lib/record/schema.ts';
import { aCrispMessage, aFetchedConversation, FETCH_STARTED_MS } from '../support/builders.ts';
import { mergeMessages } from '../support/crisp.ts';

describe('an enriched record', () => {
  const OPTIONS = { version: FETCH_STARTED_MS, mode: 'full', absorbed: 11 } as const;

  /** The same messages in pages of any size, overlapping, in any order of arrival. */
  function anyPages(messages: readonly unknown[]) {
    const page = fc
      .tuple(fc.nat(messages.length), fc.nat(messages.length))
      .map(([start, size]) => messages.slice(start, start + size));
    const everyMessage = messages.map((message) => [message]);
    return fc
      .array(page)
      .chain((pages) =>
        fc.shuffledSubarray([...pages, ...everyMessage], { minLength: pages.length + messages.length }),
      );
  }

  // All that may differ between two fetches of the same content.
  function aCircumstance() {
    return fc.record({
      version: fc.integer({ min: 1 }),
      mode: fc.constantFrom('full' as const, 'incremental' as const),
      absorbed: fc.nat(),
      startedMs: fc.integer({ min: 1, max: 4_000_000_000_000 }),
      apiCalls: fc.nat(),
      messagePages: fc.nat(),
      profileCached: fc.boolean(),
      terminatedBy: fc.constantFrom('http_200' as const, 'empty_page' as const),
      volatile: fc.record(
        { updated_at: fc.nat(), availability: fc.string(), active: fc.jsonValue(), unread: fc.jsonValue() },
        { requiredKeys: [] },
      ),
      ofMessages: fc.record(
        { read: fc.string(), delivered: fc.string(), preview: fc.jsonValue() },
        { requiredKeys: [] },
      ),
    });
  }

  type Circumstance = ReturnType<typeof aCircumstance> extends fc.Arbitrary<infer T> ? T : never;

  function fetchIn({ version, mode, absorbed, volatile, ofMessages, ...rest }: Circumstance) {
    const messages = [1, 2, 3].map((number) => aCrispMessage(number, ofMessages));
    const fetched = aFetchedConversation({ ...rest, conversation: volatile, messages });
    return buildRecord(fetched, { version, mode, absorbed });
  }

  function lessVolatile(record: ReturnType<typeof buildRecord>) {
    const lasting = Object.entries(record).filter(([name]) => !isOneOf(VOLATILE_FIELDS.record, name));
    const messages = record.messages.map((message) =>
      Object.entries(Object(message)).filter(([name]) => !isOneOf(VOLATILE_FIELDS.message, name)),
    );
    return { ...Object.fromEntries(lasting), messages };
  }

  function isOneOf(names: readonly string[], name: string): boolean {
    return names.includes(name);
  }

  test('is what the schema describes', () => {
    const all = { visitedPages: [{}], events: [{}], relations: { conversations: {} } };
    const fetched = aFetchedConversation(all);
    expect(enrichedRecordSchema.safeParse(buildRecord(fetched, OPTIONS)).error).toBeUndefined();
  });

  test("has Crisp's fields as they are, known or not", () => {
    const fetched = aFetchedConversation({ conversation: { brand_new: { deep: [1, null, ''] } } });

    const record = buildRecord(fetched, OPTIONS);

    const { compose: _, ...expected } = fetched.conversation;
    expect(record).toMatchObject(expected);
    expect(record.brand_new).toEqual({ deep: [1, null, ''] });
  });

  test('has the messages as Crisp returned them, whatever they are', () => {
    const messages = [null, 7, 'text', [], { type: 'hologram', content: { a: 1 } }, aCrispMessage(1)];
    const record = buildRecord(aFetchedConversation({ messages }), OPTIONS);
    expect(record.messages).toEqual(messages);
    expect(record.metrics).toMatchObject({ messages: 6, by_visitor: 1 });
  });

  test('says how it came about', () => {
    const fetched = aFetchedConversation({ messagePages: 6, terminatedBy: 'empty_page', apiCalls: 9 });

    const record = buildRecord(
      { ...fetched, profileCached: true, profileReadMs: 1_790_856_000_000 },
      { version: 5, mode: 'incremental', absorbed: 2 },
    );

    expect(record).toMatchObject({ version: 5, fetched_at: '2026-10-01T12:01:10.123Z' });
    expect(record.enrichment).toEqual({
      complete: true,
      mode: 'incremental',
      pages: 6,
      terminated_by: 'empty_page',
      odd_fields: [],
      covers_latest_message: true,
      api_calls: 9,
      profile_cached: true,
      profile_fetched_at: '2026-10-01T12:00:00.000Z',
      absorbed: 2,
    });
  });

  test('carries its pages, events and relations only where they were fetched', () => {
    const bare = buildRecord(aFetchedConversation(), OPTIONS);
    const pages = [{ page_url: 'https://example.com/' }];
    const all = { visitedPages: pages, events: [], relations: {} };
    const full = buildRecord(aFetchedConversation(all), OPTIONS);

    expect(Object.keys(bare)).not.toEqual(expect.arrayContaining(['pages']));
    expect(full).toMatchObject({ pages, events: [], relations: {} });
  });

  test('lets no field of Crisp stand in for one of ours', () => {
    const ours =
      'schema kind website_id session_id version content_hash fetched_at messages profile pages events relations ' +
      'metrics enrichment claim_check';
    const namesakes = Object.fromEntries(ours.split(' ').map((name) => [name, 'foreign']));

    const record = buildRecord(aFetchedConversation({ conversation: namesakes }), OPTIONS);

    expect(Object.values(record)).not.toContain('foreign');
    expect(record).toEqual(buildRecord(aFetchedConversation(), OPTIONS));
  });

  test('holds nothing that is being typed and no token of anybody', () => {
    const conversation = {
      compose: { visitor: { type: 'start', excerpt: 'canary-compose' } },
      browsing: [{ browsing_id: 'b', browsing_token: 'canary-browsing' }],
      browsing_token: 'canary-top',
      operators: [
        { type: 'operator', details: { user_id: 'u', identifier: 'canary-id', key: 'canary-key' } },
      ],
      assigned: { user_id: 'u', key: 'canary-assigned' },
      meta: { data: { key: 'the key of a flat', identifier: 'customer 7' } },
    };

    const record = buildRecord(aFetchedConversation({ conversation }), OPTIONS);

    expect(JSON.stringify(record)).not.toContain('canary');
    expect(record.assigned).toEqual({ user_id: 'u' });
    expect(record.meta).toEqual(conversation.meta);
    expect(record.operators).toEqual([{ type: 'operator', details: { user_id: 'u' } }]);
  });

  test('keeps a key named __proto__ as a key, at the top and in custom data', () => {
    const fetched = aFetchedConversation();
    const conversation = JSON.parse(
      '{"__proto__":{"polluted":1},"meta":{"data":{"__proto__":{"polluted":2}}}}',
    );

    const record = buildRecord({ ...fetched, conversation }, OPTIONS);

    expect(JSON.stringify(record)).toContain('"__proto__":{"polluted":1}');
    expect(JSON.stringify(record.meta)).toBe('{"data":{"__proto__":{"polluted":2}}}');
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('leaves what was fetched untouched', () => {
    const fetched = aFetchedConversation();
    const before = structuredClone(fetched);
    buildRecord(fetched, OPTIONS);
    expect(fetched).toEqual(before);
  });

  test('has the same content_hash in whatever pages the messages came', () => {
    // Some of them in the same millisecond.
    const numbers = [1, 2, 3, 4, 5, 6];
    const messages = numbers.map((number) =>
      aCrispMessage(number, { timestamp: 1_790_850_000_000 + (number >> 1) }),
    );
    const hashes = new Set<string>();

    fc.assert(
      fc.property(
        anyPages(messages),
        fc.constantFrom('full' as const, 'incremental' as const),
        (pages, mode) => {
          const fetched = aFetchedConversation({ messages: mergeMessages(pages) });
          hashes.add(buildRecord(fetched, { ...OPTIONS, mode }).content_hash);
        },
      ),
    );

    expect(hashes.size).toBe(1);
  });

  test('is the same but for its volatile fields, however and whenever the content was fetched', () => {
    fc.assert(
      fc.property(aCircumstance(), aCircumstance(), (one, other) => {
        const [first, second] = [fetchIn(one), fetchIn(other)];

        expect(first.content_hash).toBe(second.content_hash);
        expect(lessVolatile(first)).toEqual(lessVolatile(second));
      }),
    );
  });
});

describe('metrics', () => {
  const visitor = (timestamp: number, rest = {}) => ({ type: 'text', from: 'user', timestamp, ...rest });
  const operator = (timestamp: number, rest = {}) => ({ type: 'text', from: 'operator', timestamp, ...rest });

  test('count who spoke; notes and events are nobody’s words', () => {
    const silent = [operator(5, { type: 'note' }), operator(6, { type: 'event' })];
    const bot = operator(4, { automated: true });
    const messages = [visitor(1), visitor(2, { type: 'file' }), operator(3), bot, ...silent];
    expect(toMetrics(messages)).toMatchObject({ messages: 6, by_visitor: 2, by_operator: 2, notes: 1 });
  });

  test('the first response is the first word of a person to the visitor, after the visitor’s first', () => {
    const silent = [operator(120, { type: 'note' }), operator(130, { type: 'event' })];
    const before = [operator(50), visitor(100), operator(110, { automated: true }), ...silent];
    expect(toMetrics([...before, visitor(135), operator(140), operator(150)]).first_response_ms).toBe(40);
  });

  test.each([
    ['nobody asked', [operator(1), operator(2)]],
    ['nobody answered', [visitor(1), visitor(2)]],
    ['only a bot answered', [visitor(1), operator(2, { automated: true })]],
    ['the operator spoke before the visitor alone', [operator(1), visitor(2)]],
    ['there is no message', []],
  ])('there is no first response where %s', (_, messages) => {
    expect(toMetrics(messages).first_response_ms).toBeNull();
  });

  test('the duration runs from the oldest to the newest message, whoever sent it', () => {
    expect(toMetrics([visitor(100), operator(250), operator(400, { type: 'note' })]).duration_ms).toBe(300);
    expect(toMetrics([visitor(100)]).duration_ms).toBe(0);
    expect(toMetrics([]).duration_ms).toBeNull();
  });

  test('do not depend on the order of the messages', () => {
    const messages = [operator(150), visitor(100), visitor(300), operator(140)];
    expect(toMetrics(messages)).toEqual(toMetrics(messages.toReversed()));
  });

  test('survive messages that are none, and timestamps that are none', () => {
    expect(toMetrics([null, 7, 'x', [], {}, { from: 'user', timestamp: 'now' }])).toEqual({
      messages: 6,
      by_visitor: 1,
      by_operator: 0,
      notes: 0,
      first_response_ms: null,
      duration_ms: null,
    });
  });

  test('survive two hundred thousand messages', () => {
    const messages = Array.from({ length: 200_000 }, (_, index) => visitor(index + 1));
    expect(toMetrics(messages).duration_ms).toBe(199_999);
  });
});

test('the first version is the moment at which the fetch began', () => {
  expect(nextVersion(1_790_856_070_123, undefined)).toBe(1_790_856_070_123);
});

test('versions grow, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2 ** 45 }), { minLength: 2 }), (starts) => {
      let last: number | undefined;
      for (const startedMs of starts) {
        const version = nextVersion(startedMs, last);
        expect(version).toBeGreaterThan(last ?? 0);
        expect(version).toBeGreaterThanOrEqual(startedMs);
        last = version;
      }
    }),
  );
});
