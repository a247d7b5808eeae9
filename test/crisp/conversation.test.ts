import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Inclusion } from '../../lib/config/config.ts';
import type { CrispApi } from '../../lib/crisp/client.ts';
import { type FetchConversation, fetchConversation, runTogether } from '../../lib/crisp/conversation.ts';
import { createPagingTrust } from '../../lib/crisp/paging.ts';
import { JobError } from '../../lib/errors.ts';
import { aSession } from '../support/builders.ts';
import { aCrispApi, aHistory, createScriptedHistory } from '../support/crisp.ts';
import { createRecordingTelemetry } from '../support/memory.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('fetch conversation', () => {
  const START_MS = 1_790_856_000_000;
  const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';
  const session = aSession();
  const aConversation = { ...session, session_id: session.sessionId, people_id: PEOPLE_ID };
  const ALL: readonly Inclusion[] = ['profile', 'pages', 'events', 'relations'];

  const hundred = aHistory(Array.from({ length: 100 }, (_, index) => START_MS + index * 1_000));
  const inPagesOf20 = () =>
    createScriptedHistory(hundred, { pageSize: 20, boundary: 'strict', statuses: 'honest' });

  /** Each call of Crisp takes 50 ms; `routes` replaces answers. */
  function setUp(routes: Partial<CrispApi> = {}, include: readonly Inclusion[] = ['profile']) {
    const clock = createVirtualClock(START_MS);
    const telemetry = createRecordingTelemetry();
    const calls: string[] = [];
    const answers = aCrispApi({
      getConversation: async () => aConversation,
      getProfile: async () => ({ people_id: PEOPLE_ID }),
      getRelations: async () => ({ conversations: {} }),
      ...routes,
    });
    const slowly =
      <Args extends unknown[], Answer>(name: string, answer: (...args: Args) => Promise<Answer>) =>
      async (...args: Args): Promise<Answer> => {
        calls.push(name);
        const signal = args.find((arg) => arg instanceof AbortSignal);
        await clock.sleep(50, signal).catch((cause: unknown) => {
          calls.push(`${name} aborted`);
          throw cause instanceof JobError ? cause : new JobError('deadline_reached', { cause });
        });
        return answer(...args);
      };
    const crisp: CrispApi = {
      getConversation: slowly('conversation', answers.getConversation),
      listMessages: slowly('messages', answers.listMessages),
      getProfile: slowly('profile', answers.getProfile),
      listVisitedPages: slowly('pages', answers.listVisitedPages),
      listEvents: slowly('events', answers.listEvents),
      getRelations: slowly('relations', answers.getRelations),
      getWebsite: slowly('website', answers.getWebsite),
    };
    const limits = { maxPages: 50, pagingTrust: createPagingTrust(), profileCacheSeconds: 3600 };
    const context = { crisp, clock, telemetry, include, ...limits };
    const fetch: FetchConversation = (...args) => fetchConversation(context, ...args);
    return { clock, telemetry, calls, fetch };
  }

  type Setup = ReturnType<typeof setUp>;

  async function run({ clock, fetch }: Setup, signal?: AbortSignal, onRequest?: () => void) {
    const outcome = fetch(session, { signal, onRequest }).then(
      (fetched) => ({ fetched, error: undefined }),
      (error: unknown) => ({ fetched: undefined, error }),
    );
    await clock.advance(5_000);
    return outcome;
  }

  const failWith = (error: JobError) => async () => {
    throw error;
  };

  describe('order and number of the calls', () => {
    test('100 messages in pages of 20 cost eight requests, and the time of the six pages alone', async () => {
      const setup = setUp(inPagesOf20());

      const { fetched } = await run(setup);

      const expected = { messages: hundred, messagePages: 6, apiCalls: 8, terminatedBy: 'http_200' };
      expect(fetched).toMatchObject(expected);
      expect(setup.calls).toHaveLength(8);
      expect(setup.telemetry.named('conversation-fetched')).toMatchObject([{ durationMs: 300, apiCalls: 8 }]);
    });

    test('what is included runs beside the messages', async () => {
      const setup = setUp(inPagesOf20(), ALL);

      const { fetched } = await run(setup);

      const expected = { apiCalls: 11, visitedPages: [], events: [], relations: { conversations: {} } };
      expect(fetched).toMatchObject(expected);
      expect(setup.telemetry.named('conversation-fetched')).toMatchObject([{ durationMs: 300 }]);
    });

    test('what is not included is neither asked for nor present', async () => {
      const setup = setUp({}, []);

      const { fetched } = await run(setup);

      expect(setup.calls).toEqual(['conversation', 'messages']);
      expect(fetched).toMatchObject({ profile: null, apiCalls: 2 });
      expect(Object.keys(fetched ?? {})).not.toEqual(expect.arrayContaining(['visitedPages']));
    });

    test('two fetches at once count each its own requests', async () => {
      const { clock, fetch } = setUp(inPagesOf20());
      const both = Promise.all([fetch(session), fetch(session)]);
      await clock.advance(5_000);
      expect((await both).map(({ apiCalls }) => apiCalls)).toEqual([8, 8]);
    });
  });

  describe('the profile', () => {
    test.each([undefined, null, ''])(
      'a visitor without one (people_id %j) is anonymous, not an error',
      async (people_id) => {
        const setup = setUp({ getConversation: async () => ({ ...aConversation, people_id }) });
        expect((await run(setup)).fetched).toMatchObject({ profile: null, apiCalls: 2 });
      },
    );

    test('one that Crisp does not have is null', async () => {
      const { fetched } = await run(setUp({ getProfile: async () => null }));
      expect(fetched).toMatchObject({ profile: null, apiCalls: 3 });
    });

    test.each([7, 'ada@example.com', `${PEOPLE_ID}/../x`, [], {}])(
      'R26 a people_id that is no id (%j) asks for nobody',
      async (people_id) => {
        const { fetched } = await run(
          setUp({ getConversation: async () => ({ ...aConversation, people_id }) }),
        );

        expect(fetched).toMatchObject({ profile: null, apiCalls: 2, oddFields: [] });
      },
    );
  });

  describe('numbered lists', () => {
    const list = (toItems: (page: number) => unknown[], hasMore = (_page: number) => true) => {
      return async (_: unknown, page: number) => ({ items: toItems(page), hasMore: hasMore(page) });
    };

    test('are read to their end', async () => {
      const twoPages = list(
        (page) => [`on ${page}`],
        (page) => page < 2,
      );
      const { fetched } = await run(setUp({ listEvents: twoPages, listVisitedPages: twoPages }, ALL));
      const both = ['on 1', 'on 2'];
      expect(fetched).toMatchObject({ events: both, visitedPages: both });
    });

    test.each([
      ['an empty page ends one', (page: number) => (page === 1 ? [1] : []), undefined],
      ['a page that repeats is stuck', () => [1], 'paging_stuck'],
      ['a list without end is capped', (page: number) => [page], 'paging_cap_reached'],
    ])('%s', async (_, toItems, code) => {
      const { error } = await run(setUp({ listEvents: list(toItems) }, ['events']));
      expect(error instanceof JobError ? error.code : error).toBe(code);
    });
  });

  describe('a failure', () => {
    test('of one read is thrown, and the others are aborted', async () => {
      const failure = new JobError('crisp_forbidden');
      const setup = setUp({ getConversation: failWith(failure), listMessages: inPagesOf20().listMessages });

      expect((await run(setup)).error).toBe(failure);
      expect(setup.calls).toEqual(['conversation', 'messages', 'messages aborted']);
      expect(setup.telemetry.named('conversation-fetched')).toEqual([]);
    });

    test('by the caller, who gave up, ends all of them', async () => {
      const setup = setUp(inPagesOf20(), ALL);
      const stop = new AbortController();
      const outcome = run(setup, stop.signal);

      stop.abort();

      expect((await outcome).error).toMatchObject({ code: 'deadline_reached' });
      expect(setup.calls.filter((call) => call.endsWith('aborted'))).toHaveLength(5);
    });

    const missing = new JobError('conversation_missing', { status: 404 });

    test('a 404 of conversation and messages is a conversation that is missing, whichever comes first', async () => {
      const late: CrispApi['getConversation'] = async () => {
        await Promise.resolve();
        throw missing;
      };

      const { error } = await run(setUp({ getConversation: late, listMessages: failWith(missing) }));

      expect(error).toMatchObject({ code: 'conversation_missing' });
    });

    test('has cost requests, and each of them is told', async () => {
      const unavailable = new JobError('crisp_unavailable', { status: 503 });
      const setup = setUp({ listMessages: failWith(unavailable) }, []);
      let requests = 0;

      expect(
        (
          await run(setup, undefined, () => {
            requests += 1;
          })
        ).error,
      ).toBe(unavailable);
      expect(requests).toBe(2);
    });

    test('a 404 of the messages alone says nothing about the conversation', async () => {
      const { error } = await run(setUp({ listMessages: failWith(missing) }));
      expect(error).toMatchObject({ reason: 'bad_response:messages_missing', disposition: 'transient' });
    });
  });

  describe('what is told', () => {
    test.each([
      [100, true],
      [101, false],
      [undefined, null],
    ])(
      'where the newest message known is %j, that it is covered is %j',
      async (fingerprint, coversLatestMessage) => {
        const setup = setUp({
          getConversation: async () => ({ ...aConversation, preview_message: { fingerprint } }),
          listMessages: inPagesOf20().listMessages,
        });

        await run(setup);

        expect(setup.telemetry.named('conversation-fetched')).toMatchObject([{ coversLatestMessage }]);
      },
    );

    test('a server whose 200 was no end raises an alarm', async () => {
      const server = { pageSize: 20, boundary: 'strict', statuses: 'always-200' } as const;
      const setup = setUp(createScriptedHistory(hundred, server));
      expect((await run(setup)).fetched).toMatchObject({ messages: hundred, terminatedBy: 'empty_page' });
      expect(setup.telemetry.named('paging-untrusted')).toMatchObject([{ pages: 7, sessionId: 'session_a' }]);
    });

    test('the content is at least as new as its start', async () => {
      expect((await run(setUp())).fetched?.startedMs).toBe(START_MS);
    });
  });
});

describe('run together', () => {
  const failLater = async (error: Error, turns: number) => {
    for (let turn = 0; turn < turns; turn += 1) await setImmediate();
    throw error;
  };

  test('results come in the order of the work, promises and plain values alike', async () => {
    expect(await runTogether(() => [Promise.resolve(1), 'two', null])).toEqual([1, 'two', null]);
  });

  test('the first failure is thrown, after the others have ended', async () => {
    const [early, late] = [new Error('early'), new Error('late')];
    let hasEnded = false;

    const together = runTogether(() => [
      failLater(late, 5).finally(() => {
        hasEnded = true;
      }),
      failLater(early, 1),
    ]);

    await expect(together).rejects.toBe(early);
    expect(hasEnded).toBe(true);
  });

  test('the others are aborted with the first failure as the reason', async () => {
    const failure = new Error('first');
    let seen: unknown;

    const together = runTogether((signal) => {
      signal.addEventListener('abort', () => {
        seen = signal.reason;
      });
      return [failLater(failure, 1)];
    });

    await expect(together).rejects.toBe(failure);
    expect(seen).toBe(failure);
  });

  test('an abort from outside reaches the work', async () => {
    const stop = new AbortController();
    const heard = runTogether(
      (signal) => [new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)))],
      stop.signal,
    );

    stop.abort('enough');

    expect(await heard).toEqual(['enough']);
  });
});
