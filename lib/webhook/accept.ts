import type { Clock } from '../clock.ts';
import type { WebhookConfig } from '../config/config.ts';
import type { SecretOptions, Secrets } from '../config/secret-reader.ts';
import { toErrorName } from '../defects.ts';
import { ConfigError, JobError, toJobError } from '../errors.ts';
import type { FetchMode, PersonRef, SessionRef } from '../ids.ts';
import type { SentNotes } from '../ledger/session-notes.ts';
import { createBestEffort } from '../ledger/table.ts';
import { type CoalescedJob, toCoalescedJob } from '../queue/coalesce.ts';
import { toSequenceNumber } from '../queue/job.ts';
import type { QueuedMessage, SessionQueue } from '../queue/sessions-queue.ts';
import type { Telemetry } from '../telemetry/events.ts';
import {
  findHookWarnings,
  type HookDelivery,
  type HookEvent,
  parseHookBody,
  readHookEvent,
} from './event.ts';
import { HookRefusedError } from './refusal.ts';
import { type AcceptedHook, decideHook, toEventName } from './triggers.ts';
import {
  checkHookAge,
  checkRequest,
  type HookCredential,
  readCredential,
  readHookBody,
  verifyCredential,
} from './verify.ts';

/** How long the queue may take: Crisp is answered within five seconds, and SQS takes about 20 ms. */
export const QUEUE_DEADLINE_MS = 3000;

/** What one webhook function works with. */
export interface WebhookContext {
  readonly config: Pick<
    WebhookConfig,
    'hookMode' | 'hookMaxAgeSeconds' | 'triggers' | 'websiteIds' | 'coalesce'
  >;
  readonly secrets: Pick<Secrets, 'hookSecrets'>;
  readonly queue: SessionQueue;
  readonly sessions: SentNotes;
  /** Rejects where it cannot be noted. */
  readonly notePersonChanged: (person: PersonRef, nowMs: number) => Promise<void>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * Accepts one delivery: verifies its raw bytes, picks its session, and enqueues it. `queued` means that the queue has
 * the job for good; `noted`, that the ledger has the person; `ignored`, that the event is genuine and of no interest. Throws `HookRefusedError` for all else;
 * before the queue is asked, only the secrets are read from outside, and Crisp is never called.
 */
export async function acceptHook(delivery: HookDelivery, context: WebhookContext): Promise<AcceptedHook> {
  const { config, telemetry } = context;
  checkRequest(delivery);
  const body = readHookBody(delivery);
  await authenticate(delivery, body, context);

  const event = readHookEvent(parseHookBody(body));
  for (const warning of findHookWarnings(delivery, event)) {
    telemetry.emit({ name: 'hook-warning', ...warning });
  }
  const decision = decideHook(event, config);
  if (decision.outcome === 'note') return notePerson(event, decision.person, context);
  if (decision.outcome === 'enqueue') return enqueue(event, decision.session, decision.mode, context);

  telemetry.emit({ name: 'hook-ignored', code: decision.code, event: toEventName(event.name) });
  return { outcome: 'ignored', code: decision.code };
}

async function authenticate(
  delivery: HookDelivery,
  body: Uint8Array,
  context: WebhookContext,
): Promise<void> {
  const { config, clock } = context;
  // The shape comes first: for a request without any credential the secrets are not read.
  const credential = readCredential(delivery, config.hookMode);
  await verify(credential, body, context);
  if (credential.kind === 'signature') {
    checkHookAge(credential.emittedMs, clock.nowMs(), config.hookMaxAgeSeconds);
  }
}

/** What fits no secret may be signed with one that was entered a moment ago: those are read anew, and tried once. */
async function verify(
  credential: HookCredential,
  body: Uint8Array,
  { secrets }: WebhookContext,
): Promise<void> {
  const known = await loadHookSecrets(secrets);
  try {
    verifyCredential(credential, body, known);
  } catch (mismatch) {
    const renewed = await loadHookSecrets(secrets, { fresh: true });
    if (renewed.join() === known.join()) throw mismatch;
    verifyCredential(credential, body, renewed);
  }
}

async function loadHookSecrets(
  secrets: WebhookContext['secrets'],
  options?: SecretOptions,
): Promise<readonly string[]> {
  let hookSecrets: readonly string[];
  try {
    hookSecrets = await secrets.hookSecrets(options);
  } catch (cause) {
    throw new HookRefusedError('config_unavailable', toFailureName(cause), { cause });
  }
  if (hookSecrets.length === 0) {
    throw new HookRefusedError('config_unavailable', 'there is no hook secret yet');
  }
  return hookSecrets;
}

async function enqueue(
  { name }: HookEvent,
  session: SessionRef,
  mode: FetchMode,
  context: WebhookContext,
): Promise<AcceptedHook> {
  const { config, clock, telemetry } = context;
  const coalesced = toCoalescedJob(session, mode, clock.nowMs(), config.coalesce);
  const { messageId, sequenceNumber } = await sendInTime(coalesced, context);
  await noteSent(coalesced, sequenceNumber, context);
  telemetry.emit({
    name: 'session-enqueued',
    event: toEventName(name),
    ...session,
    mode,
    messageId,
    bucketMs: coalesced.job.bucketMs,
    ...(sequenceNumber !== undefined && { sequenceNumber }),
  });
  return { outcome: 'queued', messageId };
}

/** How long the ledger may take for a note on which the answer depends. */
export const PERSON_DEADLINE_MS = 2000;

/**
 * Notes whose conversations are to be fetched again. A person may have thousands, so that it is left to the next run that
 * enqueues them. The note is all that is kept of the event: without it Crisp has to send it again.
 */
async function notePerson(
  { name }: HookEvent,
  person: PersonRef,
  { notePersonChanged, clock, telemetry }: WebhookContext,
): Promise<AcceptedHook> {
  const late = () => new HookRefusedError('ledger_unavailable', `no answer within ${PERSON_DEADLINE_MS} ms`);
  try {
    await within(clock, PERSON_DEADLINE_MS, late, notePersonChanged(person, clock.nowMs()));
  } catch (cause) {
    if (cause instanceof HookRefusedError) throw cause;
    throw new HookRefusedError('ledger_unavailable', toJobError(cause).reason, { cause });
  }
  telemetry.emit({ name: 'person-noted', event: toEventName(name), ...person });
  return { outcome: 'noted' };
}

/** How long the ledger may take: a lost note costs one fetch, a slow one every hook. */
const NOTE_DEADLINE_MS = 100;

/** So that the consumer may leave out what this message is fetched for. Best effort: the queue has the message. */
async function noteSent(
  { job }: CoalescedJob,
  number: string | undefined,
  { sessions, clock, telemetry }: WebhookContext,
): Promise<void> {
  const sequenceNumber = toSequenceNumber(number);
  if (sequenceNumber === undefined) return;
  const late = () => new JobError('ledger_failed', { detail: 'late' });
  await createBestEffort(telemetry)('note-sent', () =>
    within(clock, NOTE_DEADLINE_MS, late, sessions.noteSent(job, { ...job, sequenceNumber }, clock.nowMs())),
  );
}

/** The work, or what `late` makes where it takes longer: an error costs a stack, so it is not made for every hook. */
async function within<Result>(
  clock: Clock,
  deadlineMs: number,
  late: () => Error,
  work: Promise<Result>,
): Promise<Result> {
  const ringing = Promise.withResolvers<never>();
  const stop = clock.timer(deadlineMs, () => ringing.reject(late()));
  try {
    return await Promise.race([work, ringing.promise]);
  } finally {
    stop();
  }
}

async function sendInTime(coalesced: CoalescedJob, { queue, clock }: WebhookContext): Promise<QueuedMessage> {
  const late = () => new HookRefusedError('queue_unavailable', `no answer within ${QUEUE_DEADLINE_MS} ms`);
  try {
    return await within(clock, QUEUE_DEADLINE_MS, late, queue.send(coalesced));
  } catch (cause) {
    if (cause instanceof HookRefusedError) throw cause;
    throw new HookRefusedError('queue_unavailable', toFailureName(cause), { cause });
  }
}

/** What may be told of a failure: its name or code. A message may quote anything. */
function toFailureName(failure: unknown): string {
  if (failure instanceof ConfigError)
    return failure.problems.map(({ variable, code }) => `${variable} ${code}`).join(', ');
  return toErrorName(failure);
}
