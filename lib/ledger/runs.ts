import { BatchWriteItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { isRunStage, JobError, type RunStage } from '../errors.ts';
import { parseSessionRef, type SessionRef, toSessionKey } from '../ids.ts';
import { clipReason } from '../text.ts';
import { type PersonsSession, toPersonItem } from './people-notes.ts';
import {
  type LedgerItem,
  type LedgerKey,
  type LedgerTableDeps,
  number,
  readNumber,
  toExpiry,
  toItemKey,
  toLedgerFailure,
} from './table.ts';

/** Where the consumer writes down what each receive came to. May reject: the pipeline goes on without it. */
export interface RunLog {
  /** With the person whose conversation it is, in the same request. */
  record(runs: readonly Run[], person?: PersonsSession): Promise<void>;
}

/** Where people and tools look it up. */
export interface RunHistory {
  /** The runs of a session, newest first. */
  ofSession(session: SessionRef, options: { readonly limit: number }): Promise<readonly Run[]>;
  /** The runs of a message that could not be read, so that its session is unknown; newest first. */
  ofUnreadMessage(messageId: string, options: { readonly limit: number }): Promise<readonly Run[]>;
  /** The runs of all sessions within the last `RECENT_DAYS`, newest first. */
  recent(options: { readonly limit: number; readonly nowMs: number }): Promise<readonly Run[]>;
}

/** The run log as people read it. Rejects with `JobError` `ledger_failed`; items that are no runs are left out. */
export function createDynamoRunHistory({ client, table }: LedgerTableDeps): RunHistory {
  return {
    ofSession: (session, { limit }) => readNewest(toRunOwner(session), limit),
    ofUnreadMessage: (messageId, { limit }) => readNewest(toRunOwner(messageId), limit),
    async recent({ limit, nowMs }) {
      const runs: Run[] = [];
      for (let day = 0; day <= RECENT_DAYS && runs.length < limit; day += 1)
        runs.push(...(await readNewest(toRecentOwner(nowMs - day * DAY_MS), limit - runs.length)));
      return runs;
    },
  };

  async function readNewest(owner: string, limit: number): Promise<readonly Run[]> {
    const runs: Run[] = [];
    let from: LedgerItem | undefined;
    while (runs.length < limit) {
      const page = await client.send(toQuery(owner, from)).catch(toLedgerFailure('dynamodb:Query'));
      runs.push(...(page.Items ?? []).flatMap(readRuns));
      from = page.LastEvaluatedKey;
      if (from === undefined) break;
    }
    return runs.slice(0, limit);
  }

  function toQuery(owner: string, from: LedgerItem | undefined): QueryCommand {
    return new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'pk = :owner AND begins_with(sk, :run)',
      ExpressionAttributeValues: { ':owner': { S: owner }, ':run': { S: RUN_PREFIX } },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: PAGE_ITEMS,
      ExclusiveStartKey: from,
    });
  }
}

// A run takes a few hundred bytes, so a page is far below the 1 MB that one query may read.
const PAGE_ITEMS = 100;

/** An item is a run, or lists those of one invocation. */
function readRuns(item: LedgerItem): Run[] {
  const items = item.runs?.L?.map(({ M }) => M ?? {}).toReversed() ?? [item];
  return items.flatMap((each) => toRun(each) ?? []);
}

/** How far the runs of all sessions go back, at least. */
export const RECENT_DAYS = 7;

const DAY_MS = 86_400_000;

/** All sessions' runs of one day, in UTC. */
function toRecentOwner(ms: number): string {
  return `recent-runs:${new Date(ms).toISOString().slice(0, 10)}`;
}

// As long as a message can wait: 14 days in the queue and 14 in the dead-letter queue.
const RUN_SECONDS = 30 * 24 * 3600;

// Items in one BatchWriteItem; the API allows no more.
const MOST_WRITES = 25;

interface DynamoRunLogDeps extends LedgerTableDeps {
  /** The last look at code and reason: takes out the secrets that the function has read. */
  readonly redact?: (text: string) => string;
}

/**
 * The run log in the ledger: an item for each run with its session, and one that lists all of them by the time alone, in
 * one request. The same runs again change nothing. Rejects with `JobError` `ledger_failed` where one was not written.
 */
export function createDynamoRunLog({ client, table, redact = (text) => text }: DynamoRunLogDeps): RunLog {
  return {
    async record(runs, person) {
      const known = runs.map(redactRun);
      const items = [
        ...known.map(toOwnItem),
        ...toRecentItems(known),
        ...(person ? [toPersonItem(person)] : []),
      ];
      for (let at = 0; at < items.length; at += MOST_WRITES) {
        const requests = items.slice(at, at + MOST_WRITES).map((Item) => ({ PutRequest: { Item } }));
        const command = new BatchWriteItemCommand({ RequestItems: { [table]: requests } });
        const answer = await client.send(command).catch(toLedgerFailure('dynamodb:BatchWriteItem'));
        if (answer.UnprocessedItems?.[table]?.length)
          throw new JobError('ledger_failed', { detail: 'unprocessed_items' });
      }
    },
  };
  function redactRun({ code, reason, ...run }: Run): Run {
    return {
      ...run,
      ...(code !== undefined && { code: redact(code) }),
      ...(reason !== undefined && { reason: redact(reason) }),
    };
  }
}

function toOwnItem(run: Run): LedgerItem {
  return {
    ...toItemKey(toRunKey(run)),
    ...toRunItem(run),
    expiresAt: toExpiry(run.startedMs, RUN_SECONDS),
  };
}

/** One item for all runs of an invocation: it costs one write, however many they are. */
function toRecentItems(runs: readonly Run[]): LedgerItem[] {
  const inOrder = runs.toSorted((a, b) => a.startedMs - b.startedMs);
  const [first] = inOrder;
  if (!first) return [];
  const { startedMs, requestId } = first;
  return [
    {
      ...toItemKey({ pk: toRecentOwner(startedMs), sk: `${toRunPrefix(startedMs)}${requestId}` }),
      runs: { L: inOrder.map((run) => ({ M: toRunItem(run) })) },
      expiresAt: toExpiry(startedMs, (RECENT_DAYS + 1) * (DAY_MS / 1000)),
    },
  ];
}

/** Runs are kept with their session; those of a message that could not be read, with the message. */
function toRunKey({ session, messageId, startedMs, receiveCount }: Run): LedgerKey {
  return {
    pk: toRunOwner(session ?? messageId),
    sk: `${toRunPrefix(startedMs)}${messageId}:${receiveCount}`,
  };
}

/** Beginning of the sort key of a run. What follows begins with the time, so that runs sort as they started. */
export const RUN_PREFIX = 'run:';

// Epoch milliseconds up to the year 2286.
const TIME_DIGITS = 13;

function toRunPrefix(startedMs: number): string {
  return `${RUN_PREFIX}${String(startedMs).padStart(TIME_DIGITS, '0')}:`;
}

export function toRunOwner(owner: SessionRef | string): string {
  return typeof owner === 'string' ? `message:${owner}` : `session:${toSessionKey(owner)}`;
}

/** The attributes of a run beside its key. */
export function toRunItem(run: Run): LedgerItem {
  const { session, reason, status, ...rest } = run;
  const flat = {
    ...rest,
    ...(session && { websiteId: session.websiteId, sessionId: session.sessionId }),
    ...(reason !== undefined && { reason: clipReason(reason) }),
    ...(status !== undefined && { httpStatus: status }),
  };
  return Object.fromEntries(
    Object.entries(flat)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'number' ? number(value) : { S: value }]),
  );
}

/** What an item says, or undefined where it is no run: another version's, or one that somebody has edited. */
export function toRun(item: LedgerItem): Run | undefined {
  try {
    return { ...readWhat(item), ...readCounts(item), ...readFailure(item) };
  } catch {
    return undefined;
  }
}

function readWhat(item: LedgerItem) {
  const outcome = readText(item, 'outcome');
  if (!isRunOutcome(outcome)) throw new TypeError('outcome');
  return {
    session: readSession(item),
    messageId: readText(item, 'messageId'),
    requestId: readText(item, 'requestId'),
    outcome,
  };
}

function readSession({ websiteId, sessionId }: LedgerItem): SessionRef | undefined {
  if (websiteId === undefined && sessionId === undefined) return undefined;
  const session = parseSessionRef(websiteId?.S, sessionId?.S);
  if (!session) throw new TypeError('session');
  return session;
}

function readCounts(item: LedgerItem) {
  return {
    ...(item.queuedMs && { queuedMs: readNumber(item.queuedMs) }),
    startedMs: readNumber(item.startedMs),
    durationMs: readNumber(item.durationMs),
    receiveCount: readNumber(item.receiveCount),
    attempt: readNumber(item.attempt),
    apiCalls: readNumber(item.apiCalls),
  };
}

function readFailure(item: LedgerItem): Pick<Run, 'stage' | 'code' | 'status' | 'reason' | 'delaySeconds'> {
  const stage = item.stage && readText(item, 'stage');
  if (stage !== undefined && !isRunStage(stage)) throw new TypeError('stage');
  return {
    ...(stage !== undefined && { stage }),
    ...(item.code && { code: readText(item, 'code') }),
    ...(item.httpStatus && { status: readNumber(item.httpStatus) }),
    ...(item.reason && { reason: readText(item, 'reason') }),
    ...(item.delaySeconds && { delaySeconds: readNumber(item.delaySeconds) }),
  };
}

function readText(item: LedgerItem, name: string): string {
  const text = item[name]?.S;
  if (text === undefined) throw new TypeError(name);
  return text;
}

/**
 * What one receive of a message came to. `covered`: the record already answered it; `superseded`: a later message's fetch will; `failed`: tried again; `dead`: it waits for SQS to move it away. */
export type RunOutcome = (typeof RUN_OUTCOMES)[number];
const RUN_OUTCOMES = [
  'emitted',
  'unchanged',
  'removed',
  'skipped',
  'covered',
  'superseded',
  'deferred',
  'held',
  'failed',
  'dead',
] as const;

/** One line of the run log: what a receive of a message did, in ids, codes, counts and durations, never content. */
export interface Run {
  /** Undefined where the message could not be read. */
  readonly session: SessionRef | undefined;
  readonly messageId: string;
  /** Of the invocation, as its log lines carry it. */
  readonly requestId: string;
  /** When SQS took the message, epoch ms; for a message that SQS has moved, when it did. */
  readonly queuedMs?: number;
  /** Epoch ms. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly receiveCount: number;
  /** 1-based: receives that spent nothing are not counted. */
  readonly attempt: number;
  readonly outcome: RunOutcome;
  /** Requests to Crisp, shared by the messages of a session that were handled together. */
  readonly apiCalls: number;
  /** Where it failed: the part of the work, not the place in the code. */
  readonly stage?: RunStage;
  /** Code of the failure, or reason of the deferral; with its detail after a colon. */
  readonly code?: string;
  /** HTTP status of the answer that caused it. */
  readonly status?: number;
  /** One clipped sentence for a person. */
  readonly reason?: string;
  /** When it is received again at the earliest, in seconds after the run. */
  readonly delaySeconds?: number;
}

/** When its message is received again at the earliest, epoch ms; undefined where it was not put off. */
export function toNextMs({ startedMs, durationMs, delaySeconds }: Run): number | undefined {
  return delaySeconds === undefined ? undefined : startedMs + durationMs + delaySeconds * 1000;
}

function isRunOutcome(text: string): text is RunOutcome {
  return RUN_OUTCOMES.some((outcome) => outcome === text);
}
