import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CrispApi } from '../../lib/crisp/client.ts';
import { type FetchedConversation, fetchConversation } from '../../lib/crisp/conversation.ts';
import { joinEarlier } from '../../lib/crisp/incremental.ts';
import { createPagingTrust } from '../../lib/crisp/paging.ts';
import { JobError } from '../../lib/errors.ts';
import { type Latest, toLatest } from '../../lib/record/archive.ts';
import { buildRecord, nextVersion } from '../../lib/record/build.ts';
import { readEarlierFetch } from '../../lib/record/earlier.ts';
import { type EnrichedRecord, VOLATILE_FIELDS } from '../../lib/record/schema.ts';
import { escapeBody } from '../../lib/record/topic.ts';
import type { JsonObject } from '../../lib/text.ts';
import { aSession } from '../support/builders.ts';
import { aCrispApi, mergeMessages } from '../support/crisp.ts';
import { createMemoryRecordArchive, createRecordingTelemetry } from '../support/memory.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const START_MS = 1_790_856_000_000;
const PEOPLE = ['c5a2f70c-f605-4648-b47f-8c39d4b03a50', '1f0f5f0e-2b1c-4f6e-9a53-5a2f6f1d8e10'] as const;
const session = aSession();

/** What Crisp has of one conversation, and how it answers. */
interface World {
  conversation: JsonObject;
  messages: JsonObject[];
  profiles: Map<string, JsonObject>;
  nowMs: number;
  maxConversationBytes?: number;
  readonly server: { pageSize: number; isInclusive: boolean; says206: boolean };
}

function aWorld(server: Partial<World['server']> = {}): World {
  return {
    conversation: {
      ...{ session_id: session.sessionId, website_id: session.websiteId, state: 'unresolved' },
      ...{ people_id: PEOPLE[0], meta: { nickname: 'Ada', email: 'ada@example.com' } },
    },
    messages: [],
    profiles: new Map(PEOPLE.map((id) => [id, { people_id: id, score: 0 }])),
    nowMs: START_MS,
    server: { pageSize: 20, isInclusive: false, says206: true, ...server },
  };
}

function say(world: World, message: JsonObject = {}): void {
  const number = world.messages.length + 1;
  world.messages.push({
    ...{ fingerprint: number, timestamp: world.nowMs, type: 'text', from: 'user', read: '', delivered: '' },
    ...{ content: `message ${number}`, ...message },
  });
}

/** As CRISP.md has it: the newest page, or the one before a moment; 206 while there is more. */
function toApi(world: World, calls: string[]): CrispApi {
  const { pageSize, isInclusive, says206 } = world.server;
  return aCrispApi({
    async getConversation() {
      calls.push('conversation');
      return world.conversation;
    },
    async listMessages(_session, beforeMs = Number.POSITIVE_INFINITY) {
      calls.push('messages');
      const older = world.messages.filter(({ timestamp }) =>
        isInclusive ? Number(timestamp) <= beforeMs : Number(timestamp) < beforeMs,
      );
      return { messages: older.slice(-pageSize), hasMore: says206 && older.length > pageSize };
    },
    async getProfile(_websiteId, peopleId) {
      calls.push('profile');
      return world.profiles.get(peopleId) ?? null;
    },
  });
}

/** A pipeline's reads and writes of one session, one after the other, over an archive. */
function aChain(world: World, profileCacheSeconds = 3600) {
  const archive = createMemoryRecordArchive();
  const telemetry = createRecordingTelemetry();
  const calls: string[] = [];
  const pagingTrust = createPagingTrust();
  const unreadable = { missing: false, broken: false, refused: false };
  let latest: Latest | undefined;

  const reading = {
    async getRecord(...args: Parameters<typeof archive.getRecord>) {
      calls.push('archive');
      if (unreadable.refused) throw new JobError('archive_failed');
      if (unreadable.missing) return undefined;
      return unreadable.broken ? '{"schema":' : archive.getRecord(...args);
    },
  };

  async function refresh(mode: 'incremental' | 'full'): Promise<EnrichedRecord> {
    calls.length = 0;
    const stored = latest ? { latest, revision: '1' } : null;
    const fetched = await fetchConversation(
      {
        ...{ crisp: toApi(world, calls), clock: { ...createVirtualClock(), nowMs: () => world.nowMs } },
        ...{ telemetry, include: ['profile'], maxPages: 1000, pagingTrust, profileCacheSeconds },
        ...(world.maxConversationBytes && { maxConversationBytes: world.maxConversationBytes }),
      },
      session,
      mode === 'full'
        ? {}
        : { readEarlier: () => readEarlierFetch({ archive: reading, telemetry }, session, stored) },
    );
    const version = nextVersion(fetched.startedMs, latest?.version);
    const record = buildRecord(fetched, { version, mode: fetched.mode, absorbed: 0 });
    await archive.putRecord(session, version, escapeBody(record));
    latest = toLatest(record, { announced: true });
    return record;
  }

  function setLatest(other: Latest): void {
    latest = other;
  }

  return { refresh, calls, telemetry, unreadable, setLatest };
}

/** The record of a fetch that saw all there is. */
function toTruth(world: World): EnrichedRecord {
  const fetched: FetchedConversation = {
    ...{ ...session, startedMs: world.nowMs, conversation: world.conversation, mode: 'full' },
    messages: mergeMessages([world.messages]),
    profile: world.profiles.get(String(world.conversation.people_id)) ?? null,
    ...{ messagePages: 1, terminatedBy: 'http_200', apiCalls: 3 },
  };
  return buildRecord(fetched, { version: 1, mode: 'full', absorbed: 0 });
}

function withoutVolatile(record: EnrichedRecord): unknown {
  const omit = (fields: readonly string[], of: object) =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !fields.includes(name)));
  const messages = record.messages.map((message) => omit(VOLATILE_FIELDS.message, message as object));
  return { ...omit(VOLATILE_FIELDS.record, record), messages };
}

/** 400 messages, read in full; then `change` happens. */
async function afterLongHistory(change: (world: World) => void, cacheSeconds?: number) {
  const world = aWorld();
  for (let number = 0; number < 400; number += 1) {
    say(world);
    world.nowMs += 1000;
  }
  const chain = aChain(world, cacheSeconds);
  await chain.refresh('full');
  world.nowMs += 60_000;
  change(world);
  world.nowMs += 10_000;
  return { world, chain };
}

describe('an incremental fetch', () => {
  test('of a long conversation with one new message makes two calls', async () => {
    const { world, chain } = await afterLongHistory((world) => say(world));

    const record = await chain.refresh('incremental');

    expect(chain.calls.toSorted()).toEqual(['archive', 'conversation', 'messages']);
    expect(record.messages).toHaveLength(401);
    expect(record.content_hash).toBe(toTruth(world).content_hash);
    expect(record.enrichment).toMatchObject({
      ...{ mode: 'incremental', pages: 1, terminated_by: 'archive_overlap', api_calls: 2 },
      ...{ profile_cached: true, profile_fetched_at: new Date(START_MS + 400_000).toISOString() },
    });
  });

  test('reads as many pages as there is news', async () => {
    const { world, chain } = await afterLongHistory((world) => {
      for (let number = 0; number < 45; number += 1) say(world, { timestamp: world.nowMs + number });
    });

    const record = await chain.refresh('incremental');

    expect(record.enrichment).toMatchObject({ pages: 3, terminated_by: 'archive_overlap' });
    expect(record.content_hash).toBe(toTruth(world).content_hash);
  });

  test('of a conversation of one page without a profile does not ask the archive, and is as good as a full one', async () => {
    const world = aWorld();
    world.conversation = { ...world.conversation, people_id: undefined };
    say(world);
    const chain = aChain(world);
    await chain.refresh('full');
    world.nowMs += 60_000;
    say(world);

    const { enrichment } = await chain.refresh('incremental');

    expect(chain.calls.toSorted()).toEqual(['conversation', 'messages']);
    expect(enrichment).toMatchObject({ mode: 'full', terminated_by: 'http_200', profile_fetched_at: null });
  });

  test.each<[string, (world: World) => void]>([
    ['an edit', ({ messages }) => void Object.assign(messages[398] ?? {}, { content: 'edited' })],
    ['a removal', ({ messages }) => void messages.splice(397, 1)],
    [
      'a message put between others',
      ({ messages }) => void messages.splice(396, 0, { ...messages[396], fingerprint: 0 }),
    ],
    ['a message without a timestamp', (world) => say(world, { timestamp: null })],
  ])('that sees %s reads all', async (_what, change) => {
    const { world, chain } = await afterLongHistory(change);

    const record = await chain.refresh('incremental');

    expect(record.enrichment).toMatchObject({ terminated_by: 'http_200' });
    expect(record.enrichment.pages).toBeGreaterThan(20);
    expect(record.content_hash).toBe(toTruth(world).content_hash);
  });

  test.each(['missing', 'broken', 'refused'] as const)(
    'reads all where the archived version is %s',
    async (how) => {
      const { world, chain } = await afterLongHistory((world) => say(world));
      chain.unreadable[how] = true;

      const record = await chain.refresh('incremental');

      expect(record.enrichment).toMatchObject({ mode: 'full', terminated_by: 'http_200' });
      expect(record.content_hash).toBe(toTruth(world).content_hash);
      expect(chain.telemetry.named('record-unreadable')).toHaveLength(how === 'missing' ? 0 : 1);
    },
  );

  test('reads all where the archived version is larger than a conversation may be', async () => {
    const { world, chain } = await afterLongHistory((world) => say(world));
    world.maxConversationBytes = 10_000;
    expect((await chain.refresh('incremental')).enrichment).toMatchObject({ mode: 'full', pages: 22 });
  });

  test.each<[string, Partial<Latest>]>([
    ['a removal', { kind: 'conversation.removed' }],
    ['another version than the archived one', { content_hash: 'sha256:other' }],
  ])('reads all where latest tells of %s', async (_what, other) => {
    const { world, chain } = await afterLongHistory((world) => say(world));
    const record = await chain.refresh('full');
    chain.setLatest({ ...toLatest(record, { announced: true }), ...other });
    say(world);
    world.nowMs += 10_000;

    expect((await chain.refresh('incremental')).enrichment.mode).toBe('full');
  });
});

describe('the profile', () => {
  const ids = ({ conversation }: World) => String(conversation.people_id);

  test.each<[string, (world: World) => void, number?]>([
    [
      'is older than the cache allows',
      (world) => void Object.assign(world, { nowMs: world.nowMs + 3_600_000 }),
    ],
    ['is never to be cached', () => undefined, 0],
    [
      'is that of another person',
      (world) => void Object.assign(world, { conversation: { ...world.conversation, people_id: PEOPLE[1] } }),
    ],
    [
      'belongs to contact data that changed',
      (world) => void Object.assign(world, { conversation: { ...world.conversation, meta: {} } }),
    ],
  ])('is read anew where the known one %s', async (_why, change, cacheSeconds) => {
    const { world, chain } = await afterLongHistory(change, cacheSeconds);
    world.profiles.set(ids(world), { people_id: ids(world), score: 9 });

    const record = await chain.refresh('incremental');

    expect(chain.calls).toContain('profile');
    expect(record).toMatchObject({ profile: { score: 9 }, enrichment: { profile_cached: false } });
  });

  test('is read anew by a full fetch, and its age goes on from record to record', async () => {
    const { world, chain } = await afterLongHistory((world) => say(world));
    const first = await chain.refresh('incremental');
    world.nowMs += 3_540_000;
    say(world);

    const second = await chain.refresh('incremental');
    const third = await chain.refresh('full');

    expect(second.enrichment.profile_fetched_at).toBe(new Date(world.nowMs).toISOString());
    expect(first.enrichment.profile_cached).toBe(true);
    expect(second.enrichment.profile_cached).toBe(false);
    expect(third.enrichment.profile_cached).toBe(false);
  });

  test('that Crisp does not have is remembered as absent', async () => {
    const world = aWorld();
    world.profiles.clear();
    say(world);
    const chain = aChain(world);
    await chain.refresh('full');
    world.nowMs += 60_000;
    say(world);

    expect(await chain.refresh('incremental')).toMatchObject({ profile: null });
    expect(chain.calls).not.toContain('profile');
  });

  test('of another person is set aside, and never remembered', async () => {
    const world = aWorld();
    world.profiles.set(PEOPLE[0], { people_id: PEOPLE[1] });
    say(world);
    const chain = aChain(world);
    const first = await chain.refresh('full');
    world.nowMs += 60_000;
    say(world);

    const second = await chain.refresh('incremental');

    expect(first.enrichment.profile_fetched_at).toBeNull();
    expect(chain.calls).toContain('profile');
    expect(second.enrichment.odd_fields).toEqual(first.enrichment.odd_fields);
  });
});

describe('messages join earlier ones', () => {
  const at = (...timestamps: number[]) =>
    timestamps.map((timestamp) => ({ fingerprint: timestamp, timestamp }));

  const [two, three] = [
    { fingerprint: 22, timestamp: 2 },
    { fingerprint: 33, timestamp: 3 },
  ];
  const read = { fingerprint: 3, timestamp: 3, read: 'chat' };

  test.each<[string, readonly [page: unknown[], earlier: unknown[], joined: unknown[] | undefined]]>([
    [
      'where all that both know agrees, from the first whole millisecond on',
      [at(2, 3, 4), at(1, 2, 3), at(1, 2, 3, 4)],
    ],
    [
      'not where the newest earlier one is only in the millisecond that the page may have cut through',
      [at(3, 4), at(1, 2, 3), undefined],
    ],
    [
      'also where the page holds only some of its oldest millisecond',
      [at(2, 3, 4), [...at(1, 2), two, ...at(3)], [...at(1, 2), two, ...at(3, 4)]],
    ],
    [
      'not where the page has a message of its oldest millisecond that was not there',
      [[two, ...at(2, 3, 4)], at(1, 2, 3), undefined],
    ],
    [
      'with a new one in the millisecond of the newest earlier one',
      [[...at(2, 3), three], at(1, 2, 3), [...at(1, 2, 3), three]],
    ],
    ['not where one of several of the same words is missing', [at(2, 3, 4), at(1, 2, 3, 3), undefined]],
    ['whatever was read and delivered meanwhile', [[...at(2), read], at(1, 2, 3), [...at(1, 2), read]]],
    ['not where the archive has none', [at(1, 2), [], undefined]],
    ['not where the page has none', [[], at(1), undefined]],
  ])('%s', (_, [page, earlier, joined]) => expect(joinEarlier(page, earlier)).toEqual(joined));
});

/** More of them by `INCREMENTAL_HISTORIES=10000 npx vitest run test/crisp/incremental.test.ts`. */
const HISTORIES = Number(process.env.INCREMENTAL_HISTORIES ?? 300);

test(
  'a chain of incremental fetches says at each step what a full fetch would say',
  async () => {
    let joined = 0;
    await fc.assert(
      fc.asyncProperty(server, fc.array(step, { minLength: 1, maxLength: 15 }), async (habits, steps) => {
        const world = aWorld(habits);
        for (let number = 0; number < 30; number += 1)
          say(world, { timestamp: START_MS - 30_000 + number * 500 });
        const chain = aChain(world);
        for (const { changes, passMs, trouble, isLost } of steps) {
          const needsFull = changes.map((change) => apply(world, change)).includes('full');
          world.nowMs += passMs;
          if (isLost && !needsFull) continue;
          Object.assign(chain.unreadable, { missing: false, broken: false, refused: false, ...trouble });
          // A page that lies within one millisecond cannot be walked past: that fetch fails, and is tried again.
          const record = await chain.refresh(needsFull ? 'full' : 'incremental').catch((thrown: unknown) => {
            if (thrown instanceof JobError && thrown.code === 'paging_stuck') return undefined;
            throw thrown;
          });
          if (!record) continue;
          const truth = toTruth(world);
          const isSame = isDeepStrictEqual(withoutVolatile(record), withoutVolatile(truth));
          // The one shows what differs, the other is fast.
          if (!isSame) expect(withoutVolatile(record)).toEqual(withoutVolatile(truth));
          if (record.enrichment.terminated_by === 'archive_overlap') joined += 1;
        }
      }),
      { numRuns: HISTORIES },
    );
    expect(joined).toBeGreaterThan(HISTORIES);
  },
  60_000 + HISTORIES * 400,
);

// Without 206 no page of Crisp's is smaller than 20: a shorter one is believed to be the last.
const server = fc
  .record({ pageSize: fc.integer({ min: 2, max: 12 }), isInclusive: fc.boolean(), says206: fc.boolean() })
  .map(({ pageSize, ...habits }) => ({ ...habits, pageSize: habits.says206 ? pageSize : 20 }));

const change = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('say'), ...toMessage() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('acknowledge'), place: fc.nat(), word: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('edit', 'remove', 'profile', 'contact', 'person', 'state'),
      ...{ place: fc.nat(), word: fc.nat(3) },
    }),
  },
);

function toMessage() {
  return {
    place: fc.nat(4),
    word: fc.nat(3),
    from: fc.constantFrom('user', 'operator'),
    type: fc.constantFrom('text', 'note'),
    // Imports repeat fingerprints, and several messages may come in one millisecond.
    fingerprint: fc.option(fc.nat(5), { nil: undefined }),
    passMs: fc.constantFrom(0, 0, 1, 1000),
  };
}

interface Change {
  readonly kind: string;
  readonly place: number;
  readonly word: number;
  readonly from?: string;
  readonly type?: string;
  readonly fingerprint?: number | undefined;
  readonly passMs?: number;
}

const step = fc.record({
  changes: fc.array(change, { maxLength: 8 }) as fc.Arbitrary<Change[]>,
  passMs: fc.constantFrom(1000, 60_000, 4_000_000),
  trouble: fc.constantFrom({}, {}, {}, {}, { missing: true }, { broken: true }, { refused: true }),
  /** The message about it was coalesced with a later one. */
  isLost: fc.nat(4).map((chance) => chance === 0),
});

/** Changes what Crisp has, and tells what its hook asks for. */
function apply(world: World, { kind, place, word, passMs = 0, ...message }: Change): 'incremental' | 'full' {
  const { conversation, messages } = world;
  const at = messages.length === 0 ? -1 : place % messages.length;
  const old = messages[at];
  const peopleId = String(conversation.people_id);
  if (kind === 'say') {
    world.nowMs += passMs;
    const { fingerprint = 1000 + messages.length, ...rest } = message;
    say(world, { ...rest, fingerprint, content: `words ${word}` });
  }
  if (kind === 'acknowledge' && old) messages[at] = { ...old, read: `chat ${word}`, delivered: `${word}` };
  if (kind === 'state') world.conversation = { ...conversation, state: `state ${word}` };
  if (kind === 'person') world.conversation = { ...conversation, people_id: PEOPLE[word % 2] };
  if (kind === 'contact') {
    world.conversation = {
      ...conversation,
      meta: { ...Object(conversation.meta), email: `mail ${world.nowMs}` },
    };
    if (conversation.meta !== undefined && `mail ${world.nowMs}` !== Object(conversation.meta).email)
      world.profiles.set(peopleId, { ...world.profiles.get(peopleId), email: `mail ${world.nowMs}` });
  }
  if (kind === 'profile') world.profiles.set(peopleId, { people_id: peopleId, score: word });
  if (kind === 'edit' && old) messages[at] = { ...old, content: `edited ${word}`, edited: true };
  if (kind === 'remove' && old) messages.splice(at, 1);
  return ['edit', 'remove', 'profile'].includes(kind) ? 'full' : 'incremental';
}
