import { DeleteMessageBatchCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { FaultEffect } from '../../lib/local/simulator/limits.ts';
import type { EnrichedRecord } from '../../lib/record/schema.ts';
import { type LocalScene, simulatorOf, startLocalScene } from '../support/local-scene.ts';

const HEALTHY = 50;
const MESSAGES = 4;

interface Stored {
  readonly conversation: object;
  readonly messages: readonly object[];
}

interface Poison {
  readonly kind: string;
  readonly route: 'conversation' | 'messages';
  readonly effect: (stored: Stored) => FaultEffect;
  /** The reason that its runs have; undefined: it has a record all the same. */
  readonly reason?: RegExp;
  readonly record?: Partial<Record<keyof EnrichedRecord, unknown>>;
}

const refuse = (status: number, reason: string, message?: string) => (): FaultEffect => ({
  kind: 'answer',
  status,
  reason,
  ...(message !== undefined && { data: { message } }),
});
const answer =
  (change: (stored: Stored) => unknown) =>
  (stored: Stored): FaultEffect => ({
    kind: 'body',
    status: 200,
    body: JSON.stringify({ error: false, reason: 'resolved', data: change(stored) }),
    headers: { 'content-type': 'application/json' },
  });

const POISONS: readonly Poison[] = [
  {
    kind: 'a 404 under its path alone',
    route: 'conversation',
    effect: refuse(404, 'not_found', 'the route does not exist'),
    reason: /crisp_route_unknown/,
  },
  {
    kind: 'a limit under 400',
    route: 'messages',
    effect: refuse(400, 'rate_limited'),
    reason: /crisp_rate_limited/,
  },
  {
    kind: 'a limit under 403',
    route: 'messages',
    effect: refuse(403, 'quota_limit_exceeded'),
    reason: /crisp_quota_exceeded/,
  },
  {
    kind: 'a limit under 200',
    route: 'messages',
    effect: () => ({ kind: 'error-flag', reason: 'too_many_requests' }),
    reason: /crisp_rate_limited/,
  },
  {
    kind: 'odd fields',
    route: 'conversation',
    effect: answer(({ conversation }) => ({
      ...conversation,
      meta: { nickname: 12, data: [], segments: {} },
      created_at: 'yesterday',
      assigned: [],
    })),
    record: {
      enrichment: expect.objectContaining({
        complete: true,
        odd_fields: expect.arrayContaining([expect.objectContaining({ path: 'meta.data' })]),
      }),
    },
  },
  {
    kind: 'repeated fingerprints',
    route: 'messages',
    // A note numbered as the text before it.
    effect: answer(({ messages: [first, , ...rest] }) => [first, { ...first, type: 'note' }, ...rest]),
    record: { metrics: expect.objectContaining({ messages: MESSAGES }) },
  },
  {
    kind: 'a page out of order',
    route: 'messages',
    effect: answer(({ messages }) => messages.toReversed()),
    record: { metrics: expect.objectContaining({ messages: MESSAGES }) },
  },
  { kind: 'a 500', route: 'messages', effect: refuse(500, 'internal'), reason: /crisp_unavailable/ },
  { kind: 'a 403', route: 'messages', effect: refuse(403, 'not_allowed'), reason: /crisp_forbidden/ },
  {
    kind: 'a body that breaks off',
    route: 'messages',
    effect: () => ({ kind: 'reset', at: 'mid-body' }),
    reason: /bad_response|crisp_unreachable/,
  },
  {
    kind: 'a body that is no gzip',
    route: 'messages',
    effect: () => ({ kind: 'body', status: 200, body: 'x', headers: { 'content-encoding': 'gzip' } }),
    reason: /bad_encoding/,
  },
];

test('one poisoned session of each kind: all healthy ones have their record, and each has its own or its reason', {
  timeout: 120_000,
}, async () => {
  const scene = await startLocalScene({ env: { MAX_ATTEMPTS: '2' } });
  onTestFinished(scene.stop);
  const simulator = simulatorOf(scene);
  const healthy = simulator.seedConversations({ conversations: HEALTHY, messages: MESSAGES });
  const poisoned = simulator.seedConversations({ conversations: POISONS.length, messages: MESSAGES });
  POISONS.forEach(({ route, effect }, index) => {
    const session = at(poisoned, index);
    const stored = simulator.readConversation(session);
    if (!stored) throw new Error('no conversation');
    simulator.faults.add({
      ...{ effect: effect(stored), route, sessionId: session.sessionId },
      times: Number.MAX_SAFE_INTEGER,
    });
  });
  // Among each other, as they come.
  const sessions = healthy.flatMap((session, index) =>
    index % 4 === 0 && poisoned[index / 4] ? [session, at(poisoned, index / 4)] : [session],
  );
  const startedMs = systemClock.nowMs();

  await Promise.all(sessions.map((session) => scene.hook(session)));
  const withRecord = [...healthy, ...poisoned.filter((_, index) => at(POISONS, index).record)];
  const records = await collect(scene, withRecord.length);
  const seconds = (systemClock.nowMs() - startedMs) / 1000;
  // Those without a record are tried beside the others; the last may have its first attempt after them.
  await vi.waitFor(
    () =>
      POISONS.forEach(({ reason }, index) => {
        if (reason) expect(linesOf(scene, at(poisoned, index).sessionId).join('')).toMatch(reason);
      }),
    20_000,
  );
  const outcomes = POISONS.map((poison, index) => {
    const { sessionId } = at(poisoned, index);
    return { poison, record: records.get(sessionId), lines: linesOf(scene, sessionId) };
  });
  console.log(
    [`${HEALTHY} healthy and ${POISONS.length} poisoned sessions: ${seconds.toFixed(1)} s`]
      .concat(
        outcomes.map(
          ({ poison, record, lines }) =>
            `${poison.kind}: ${record ? 'its record' : lines.find((line) => /fail|dead/.test(line))?.trim()}`,
        ),
      )
      .join('\n'),
  );

  expect(healthy.filter(({ sessionId }) => records.get(sessionId)?.messages.length !== MESSAGES)).toEqual([]);
  for (const { poison, record, lines } of outcomes) {
    if (poison.record) expect(record, poison.kind).toMatchObject(poison.record);
    else expect(lines.join(''), poison.kind).toMatch(poison.reason ?? /./);
  }
  // None of the others was blamed for it.
  expect(
    healthy.flatMap(({ sessionId }) => linesOf(scene, sessionId)).filter((line) => /fail|dead/.test(line)),
  ).toEqual([]);
});

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
}

/** What the terminal said of a session, which it shortens. */
function linesOf({ shown }: LocalScene, sessionId: string): string[] {
  return shown.filter((line) => line.includes(sessionId.slice(0, 16)));
}

async function collect({ mode, shown }: LocalScene, count: number): Promise<Map<string, EnrichedRecord>> {
  const { sqs } = mode.aws.clients;
  const QueueUrl = mode.health.queues.records;
  const records = new Map<string, EnrichedRecord>();
  const untilMs = systemClock.nowMs() + 90_000;
  while (records.size < count && systemClock.nowMs() < untilMs) {
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 });
    const { Messages = [] } = await sqs.send(receive);
    for (const { Body = '' } of Messages) {
      const record: EnrichedRecord = JSON.parse(Body);
      records.set(record.session_id, record);
    }
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    if (Entries.length > 0) await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
  if (records.size < count)
    throw new Error(`${records.size} of ${count} records; the terminal showed:\n${shown.join('')}`);
  return records;
}
