import type { Inclusion } from '../config/config.ts';
import { JobError } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import { type StoredLatest, toArchived } from '../record/archive.ts';
import { buildRecord, expectRecord } from '../record/build.ts';
import type { EnrichedRecord } from '../record/schema.ts';
import { toClaimCheck } from '../record/topic.ts';
import type { ApiContext } from './context.ts';
import { ApiProblem, toApiProblem } from './problem.ts';

export interface ApiAnswer {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const MAX_ANSWER_BYTES = 5 * 1024 * 1024;
// Lambda's 6 MiB are of its own JSON, in which the body is a text: each of its quotes and backslashes takes two bytes.
const MAX_ESCAPED_BYTES = 6_000_000;

function fitsAnswer(body: string): boolean {
  return (
    Buffer.byteLength(body) <= MAX_ANSWER_BYTES &&
    Buffer.byteLength(JSON.stringify(body)) <= MAX_ESCAPED_BYTES
  );
}

/** A caller waits no longer: what takes longer is left to the consumer. */
const FETCH_DEADLINE_MS = 20_000;

/**
 * Fetches a conversation now, and announces nothing. Where that is not possible at the moment, the problem names the
 * archived version; what is too large or takes too long is enqueued.
 */
export async function readConversation(
  context: ApiContext,
  session: SessionRef,
  include: readonly Inclusion[],
): Promise<ApiAnswer> {
  await refuseWhileHeld(context, session);
  const body = await fetchRecord(context, session, include);
  if (body !== undefined && fitsAnswer(body)) return { status: 200, body };
  return enqueueInstead(context, session, body === undefined ? 'took_too_long' : 'too_large');
}

/** Undefined where it took too long. */
async function fetchRecord(
  context: ApiContext,
  session: SessionRef,
  include: readonly Inclusion[],
): Promise<string | undefined> {
  const late = new AbortController();
  const clear = context.clock.timer(FETCH_DEADLINE_MS, () => late.abort(new JobError('deadline_reached')));
  try {
    const fetched = await context.fetchConversation(session, { include, signal: late.signal });
    const record = buildRecord(fetched, { version: fetched.startedMs, mode: 'full', absorbed: 0 });
    expectRecord(record);
    return JSON.stringify(record);
  } catch (thrown) {
    if (late.signal.aborted) return undefined;
    throw await withArchived(context, session, toApiProblem(thrown));
  } finally {
    clear();
  }
}

// Crisp is asked for nothing while nothing can succeed. The note is looked at first, because it costs a millisecond; only
// the event source mapping says that it still holds.
async function refuseWhileHeld(context: ApiContext, session: SessionRef): Promise<void> {
  const { breakerNotes, bestEffort, readBreaker, clock } = context;
  const opening = await bestEffort('read-opening', () => breakerNotes.readOpening());
  if (!opening || opening.closing || !(await readBreaker()).isOpen) return;
  const retryAfterSeconds = Math.max(1, Math.ceil((opening.nextProbeMs - clock.nowMs()) / 1000));
  const held = new ApiProblem('breaker_open', {
    detail: 'Crisp does not serve conversations at the moment',
    fields: { reason: opening.code },
    retryAfterSeconds,
  });
  throw await withArchived(context, session, held);
}

/** The same problem, with the way to the archived version where there is one. */
async function withArchived(
  { archive, bestEffort }: ApiContext,
  session: SessionRef,
  problem: ApiProblem,
): Promise<ApiProblem> {
  if (problem.status < 500 || problem.code === 'unexpected') return problem;
  const stored = await bestEffort('read-latest', () => archive.getLatest(session));
  if (stored?.latest.kind !== 'conversation.enriched') return problem;
  const fields = { ...problem.context.fields, archived: toArchivedPath(session) };
  return new ApiProblem(problem.code, { ...problem.context, fields });
}

async function enqueueInstead(
  context: ApiContext,
  session: SessionRef,
  reason: 'too_large' | 'took_too_long',
): Promise<ApiAnswer> {
  const [enqueued] = await context.deadLetters.enqueue([session], 'full');
  if (enqueued?.result.outcome !== 'queued') {
    throw new ApiProblem('queue_unavailable', {
      fields: { reason: enqueued?.result.code },
      retryAfterSeconds: 5,
    });
  }
  const archived = toArchivedPath(session);
  const { messageId } = enqueued.result;
  const answer = { status: 'queued', reason, message_id: messageId, archived };
  return { status: 202, body: JSON.stringify(answer), headers: { location: archived } };
}

function toArchivedPath({ websiteId, sessionId }: SessionRef): string {
  return `/v1/conversations/${sessionId}?website_id=${websiteId}&from=archive`;
}

/** The newest archived version, without asking Crisp; where it is too large to answer, the claim check of it. */
export async function readArchived(
  { archive, config }: Pick<ApiContext, 'archive' | 'config'>,
  session: SessionRef,
): Promise<ApiAnswer> {
  const stored = await archive.getLatest(session);
  const body = stored && (await archive.getRecord(session, expectPresent(stored)));
  if (body === undefined) {
    throw new ApiProblem('conversation_not_archived', { detail: 'the archive has no version of it' });
  }
  if (fitsAnswer(body)) return { status: 200, body };
  const record: EnrichedRecord = JSON.parse(body);
  const archived = toArchived(session, record.version, { bucket: config.archiveBucket, body });
  return { status: 200, body: JSON.stringify(toClaimCheck(record, archived)) };
}

function expectPresent({ latest: { kind, version } }: StoredLatest): number {
  if (kind === 'conversation.enriched') return version;
  throw new ApiProblem('conversation_removed', { detail: 'Crisp no longer has it', fields: { version } });
}
