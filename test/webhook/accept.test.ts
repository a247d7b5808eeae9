import { describe, expect, test } from 'vitest';
import { JobError } from '../../lib/errors.ts';
import type { PersonRef } from '../../lib/ids.ts';
import type { SessionQueue } from '../../lib/queue/sessions-queue.ts';
import { acceptHook } from '../../lib/webhook/accept.ts';
import { toHookDelivery } from '../../lib/webhook/handler.ts';
import { decideHook, KNOWN_EVENTS, toEventName } from '../../lib/webhook/triggers.ts';
import { OTHER_WEBSITE_ID, WEBSITE_ID, webhook } from '../support/builders.ts';
import { aHookPayload, aHookRequest, HOOK_NOW_MS, HOOK_SECRET, type HookRequest } from '../support/hooks.ts';
import {
  createMemoryRunLog,
  createMemorySessionNotes,
  createMemorySessionQueue,
  createRecordingTelemetry,
} from '../support/memory.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const PEOPLE_ID = 'C5A2F70C-f605-4648-b47f-8c39d4b03a50';

function aProfileHook(data: object = {}, event = 'people:profile:updated'): HookRequest {
  const changed = { session_id: undefined, people_id: PEOPLE_ID, email: 'ada@example.com', ...data };
  return { payload: { ...aHookPayload(changed, { event }), website_id: undefined } };
}

describe('accept webhook', () => {
  function createAcceptance(override?: SessionQueue) {
    const memory = createMemorySessionQueue();
    const clock = createVirtualClock(HOOK_NOW_MS);
    const sessions = { ...createMemorySessionNotes(createMemoryRunLog()) };
    const people: (PersonRef & { nowMs: number })[] = [];
    const context = {
      config: webhook({ CRISP_HOOK_SECRETS: HOOK_SECRET }),
      secrets: { hookSecrets: async () => [HOOK_SECRET] },
      queue: override ?? memory,
      sessions,
      notePersonChanged: async (person: PersonRef, nowMs: number) => void people.push({ ...person, nowMs }),
      clock,
      telemetry: createRecordingTelemetry(),
    };
    return {
      queue: memory,
      sessions,
      people,
      context,
      telemetry: context.telemetry,
      clock,
      accept: (request?: HookRequest) => acceptHook(toHookDelivery(aHookRequest(request)), context),
    };
  }

  test.each(['updated', 'removed'])(
    'a profile that is %s is answered once its person is noted, and enqueues nothing',
    async (how) => {
      const { accept, people, queue, telemetry } = createAcceptance();

      for (const website_id of [WEBSITE_ID, OTHER_WEBSITE_ID])
        expect(await accept(aProfileHook({ website_id }, `people:profile:${how}`))).toEqual({
          outcome: 'noted',
        });

      const peopleId = PEOPLE_ID.toLowerCase();
      expect(people).toEqual([
        { websiteId: WEBSITE_ID, peopleId, nowMs: HOOK_NOW_MS },
        { websiteId: OTHER_WEBSITE_ID, peopleId, nowMs: HOOK_NOW_MS },
      ]);
      expect(queue.sends).toBe(0);
      expect(telemetry.named('person-noted')[0]).toMatchObject({ websiteId: WEBSITE_ID, peopleId });
      expect(JSON.stringify(telemetry.events)).not.toContain('ada@example.com');
    },
  );

  test('where the person cannot be noted, Crisp is asked to send the event again', async () => {
    const { accept, context } = createAcceptance();
    context.notePersonChanged = async () => {
      throw new JobError('ledger_failed', { detail: 'throttling' });
    };

    await expect(accept(aProfileHook())).rejects.toMatchObject({
      ...{ code: 'ledger_unavailable', status: 503, detail: 'ledger_failed:throttling' },
    });
  });

  test('a note that takes two seconds is given up, and so is the event', async () => {
    const { accept, context, clock } = createAcceptance();
    context.notePersonChanged = () => new Promise(() => undefined);

    const answer = expect(accept(aProfileHook())).rejects.toMatchObject({ code: 'ledger_unavailable' });
    await clock.advance(2000);
    await answer;
  });

  test('a burst of one session is one message, and every event of it gets that message’s id', async () => {
    const { queue, clock, accept } = createAcceptance();
    const ids = new Set<unknown>();

    for (let event = 0; event < 8; event += 1) {
      ids.add(await accept());
      await clock.advance(5000);
    }

    expect(queue.sends).toBe(8);
    expect(queue.messages).toHaveLength(1);
    expect([...ids]).toEqual(Array(8).fill({ outcome: 'queued', messageId: queue.messages[0]?.messageId }));
  });

  test('an event after the end of the bucket is a message of its own', async () => {
    const { queue, clock, accept } = createAcceptance();

    await accept();
    await clock.advance(60_000);
    await accept();

    expect(queue.messages.map(({ job }) => job.bucketMs)).toEqual([1_790_856_000_000, 1_790_856_060_000]);
  });

  test('an edit is not absorbed by a message that asks for less; the newest of each is noted, never an older one in its place', async () => {
    const { sessions, queue, clock, accept } = createAcceptance();
    await accept();
    await accept({ payload: aHookPayload({}, { event: 'message:updated' }) });
    await clock.advance(60_000);
    await accept();
    await accept();

    expect(queue.messages.map(({ job }) => job.mode)).toEqual(['incremental', 'full', 'incremental']);
    const [first, full, second] = queue.messages;
    if (!first || !full || !second) throw new Error('three messages were expected');
    expect((await sessions.readActivity(first.job)).sent).toEqual(
      [second, full].map(({ job: { mode, notBeforeMs }, sequenceNumber = '' }) => ({
        mode,
        notBeforeMs,
        sequenceNumber: BigInt(sequenceNumber),
      })),
    );
  });

  test.each(['away', 'silent'] as const)(
    'with a ledger that is %s the hook is queued all the same',
    async (state) => {
      const { sessions, clock, telemetry, accept } = createAcceptance();
      sessions.noteSent = () =>
        state === 'away' ? Promise.reject(new Error('away')) : new Promise<never>(() => undefined);

      const accepting = accept();
      await clock.advance(100);

      expect(await accepting).toMatchObject({ outcome: 'queued' });
      expect(telemetry.named('ledger-unavailable')).toMatchObject([{ operation: 'note-sent' }]);
    },
  );

  test('a queue that answers after it was given up disturbs nobody', async () => {
    const late = Promise.withResolvers<never>();
    const { clock, accept } = createAcceptance({ send: () => late.promise });

    const refused = expect(accept()).rejects.toMatchObject({ code: 'queue_unavailable' });
    await clock.advance(3000);
    await refused;
    late.reject(new Error('too late'));
    await clock.advance(1000);

    expect(clock.sleepers).toBe(0);
  });

  test('no wait is left behind by an answer in time, nor by a queue that throws at once', async () => {
    const { clock, accept } = createAcceptance();
    const broken = createAcceptance({
      send() {
        throw new TypeError('broken');
      },
    });

    await accept();
    await expect(broken.accept()).rejects.toMatchObject({ code: 'queue_unavailable', detail: 'TypeError' });

    expect(clock.sleepers).toBe(0);
    expect(broken.clock.sleepers).toBe(0);
  });
});

describe('decide hook', () => {
  function decide(name: string, data: Record<string, unknown> = {}, triggerEvents?: string) {
    const { triggers } = webhook({ TRIGGER_EVENTS: triggerEvents });
    const all = { session_id: 'session_abc', people_id: PEOPLE_ID, ...data };
    const event = { name, data: all, hasData: true, websiteId: WEBSITE_ID };
    return decideHook(event, { triggers, websiteIds: [] });
  }

  test('by default exactly these events are worth a fetch', () => {
    const enqueued = [...KNOWN_EVENTS].filter((name) => decide(name).outcome === 'enqueue');

    const changed = 'state routing inbox segments data email phone nickname subject participants block';
    expect(enqueued.sort()).toEqual(
      [
        ...['send', 'received', 'updated', 'removed'].map((what) => `message:${what}`),
        ...changed.split(' ').map((what) => `session:set_${what}`),
        ...['update_verify', 'sync:rating', 'sync:topic', 'removed'].map((what) => `session:${what}`),
        'people:bind:session',
      ].sort(),
    );
  });

  test('of a profile that is changed or removed, by default, the person is noted', () => {
    const noted = [...KNOWN_EVENTS].filter((name) => decide(name).outcome === 'note');
    expect(noted).toEqual(['people:profile:updated', 'people:profile:removed']);
  });

  test('the reference names 82 events', () => expect(KNOWN_EVENTS.size).toBe(82));

  test('edits, deletions and a synchronised profile ask for a full fetch, everything else for an incremental one', () => {
    const full = [...KNOWN_EVENTS].filter((name) => isFull(decide(name, { state: 'resolved' }, '*')));
    expect(full.sort()).toEqual(['message:removed', 'message:updated', 'people:sync:profile']);
  });

  test('a star stands for the rest of a name', () => {
    expect(decide('session:sync:pages', {}, 'session:*').outcome).toBe('enqueue');
    expect(decide('message:send', {}, 'session:*')).toEqual({ outcome: 'ignore', code: 'untriggered_event' });
  });

  test('a trigger with a state takes events with that state alone', () => {
    const resolve = 'session:set_state=resolved';
    expect(decide('session:set_state', { state: 'resolved' }, resolve).outcome).toBe('enqueue');
    expect(decide('session:set_state', { state: 'pending' }, resolve).outcome).toBe('ignore');
  });

  test('an event that Crisp has added since is taken where a trigger names it', () => {
    expect(decide('session:set_mood', {}, 'session:set_mood').outcome).toBe('enqueue');
    expect(decide('session:set_mood')).toEqual({ outcome: 'ignore', code: 'unsupported_event' });
  });

  test('events that concern no session and no website are ignored even where everything triggers', () => {
    const event = { name: 'bucket:url:upload:generated', data: {}, hasData: true, websiteId: undefined };
    const decision = decideHook(event, { triggers: [{ name: '', isPrefix: true }], websiteIds: [] });
    expect(decision).toEqual({ outcome: 'ignore', code: 'no_session' });
  });

  function isFull(decision: ReturnType<typeof decide>): boolean {
    return decision.outcome === 'enqueue' && decision.mode === 'full';
  }

  test.each([
    ['message:send', 'message:send'],
    ['session:set_mood:changed', 'session:set_mood:changed'],
    ['is my parcel lost?', '"aa aa aaaaaa aaaa?"'],
    ['message:Ada', '"aaaaaaa:aaa"'],
    ['message:+1 202-555-0143', '"aaaaaaa:+0 000-000-0000"'],
    [`message:${'x'.repeat(70)}`, `"aaaaaaa:${'a'.repeat(32)}"`],
  ])('the event %j is logged as %s', (name, shown) => expect(toEventName(name)).toBe(shown));
});
