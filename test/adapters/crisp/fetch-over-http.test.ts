import { expect, test } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { createPagingTrust } from '../../../lib/core/crisp/paging-trust.ts';
import { createFetchConversation } from '../../../lib/use-cases/fetch/fetch-conversation.ts';
import { aSession, WEBSITE_ID } from '../../support/builders.ts';
import { setUpCrisp } from '../../support/crisp-over-http.ts';
import { createRecordingTelemetry } from '../../support/recording-telemetry.ts';
import type { RecordedRequest, ScriptedAnswer } from '../../support/scripted-crisp.ts';
import { aHistory, createScriptedHistory, type HistoryOptions } from '../../support/scripted-history.ts';

const START_MS = 1_790_856_000_000;
const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';
const spaced = aHistory(Array.from({ length: 100 }, (_, index) => START_MS + index * 1_000));
const paired = aHistory(Array.from({ length: 100 }, (_, index) => START_MS + Math.ceil(index / 2)));

async function fetchFrom(history: typeof spaced, options: HistoryOptions) {
  const { listMessages } = createScriptedHistory(history, options);
  const { crisp, server } = await setUpCrisp((request) => answer(request, listMessages));
  const fetchConversation = createFetchConversation({
    crisp,
    clock: systemClock,
    telemetry: createRecordingTelemetry(),
    include: ['profile'],
    maxPages: 100,
    pagingTrust: createPagingTrust(),
  });
  return { fetched: await fetchConversation(aSession()), requests: server.requests };
}

async function answer(
  { url }: RecordedRequest,
  listMessages: ReturnType<typeof createScriptedHistory>['listMessages'],
): Promise<ScriptedAnswer> {
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
  if (pathname.endsWith(PEOPLE_ID)) return { data: { people_id: PEOPLE_ID } };
  if (!pathname.endsWith('/messages')) {
    return { data: { website_id: WEBSITE_ID, session_id: 'session_a', people_id: PEOPLE_ID } };
  }
  const before = searchParams.get('timestamp_before');
  const { messages, hasMore } = await listMessages(undefined, before === null ? undefined : Number(before));
  return { status: hasMore ? 206 : 200, data: messages };
}

test('a conversation of 100 messages costs eight requests, and says so', async () => {
  const { fetched, requests } = await fetchFrom(spaced, {
    pageSize: 20,
    boundary: 'strict',
    statuses: 'honest',
  });

  expect(requests).toHaveLength(8);
  expect(fetched).toMatchObject({ apiCalls: 8, messages: spaced, profile: { people_id: PEOPLE_ID } });
});

test.each<[string, typeof spaced, HistoryOptions]>([
  ['pages of 7, inclusive', spaced, { pageSize: 7, boundary: 'inclusive', statuses: 'honest' }],
  ['pages of 20, strict', spaced, { pageSize: 20, boundary: 'strict', statuses: 'honest' }],
  [
    'equal timestamps across every page edge',
    paired,
    { pageSize: 7, boundary: 'strict', statuses: 'honest' },
  ],
  ['200 on every page', spaced, { pageSize: 20, boundary: 'strict', statuses: 'always-200' }],
])('R9 R23 all 100 messages arrive, in order, none twice: %s', async (_, history, options) => {
  const { fetched, requests } = await fetchFrom(history, options);

  expect(fetched.messages).toEqual(history);
  expect(fetched.apiCalls).toBe(requests.length);
});
