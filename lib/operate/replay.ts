import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { toAwsOperationError } from '../aws/failures.ts';
import type { Clock } from '../clock.ts';
import { JobError, OperationError } from '../errors.ts';
import { parsePeopleId, parseSessionRef, type SessionRef, type WebsiteId } from '../ids.ts';
import { notePersonsSession } from '../ledger/people-notes.ts';
import { createPace } from '../queue/pace.ts';
import { createS3RecordArchive, type RecordArchive, readLatest, toArchived } from '../record/archive.ts';
import type { EnrichedRecord, RemovedRecord } from '../record/schema.ts';
import { createSnsRecordTopic, createSqsRecordTopic, type RecordTopic, toNotice } from '../record/topic.ts';
import { createOperatorClients, type OperatedStage, type OperatorClients } from './stage.ts';

interface ReplayContext {
  readonly archive: Pick<RecordArchive, 'getLatest' | 'getRecord'>;
  readonly bucket: string;
  /** The topic, or one queue. */
  readonly target: RecordTopic;
  readonly inlineLimitBytes: number;
  readonly clock: Clock;
}

interface ReplayCounts {
  readonly replayed: number;
  /** Nothing of it was ever announced, or not since the version asked for. */
  readonly skipped: number;
  /** Announced, and no longer in the archive, or not to be read there. */
  readonly missing: number;
}

export interface ReplayReport extends ReplayCounts {
  readonly ended: 'complete' | 'interrupted';
  /** The last key of `latest/` that was done, to begin behind; undefined where sessions were named, or none was. */
  readonly after: string | undefined;
}

interface ReplayOptions {
  /** Records announced under a smaller version, epoch ms, are left out. */
  readonly sinceVersion?: number | undefined;
  /** See `ReplayReport`. */
  readonly after?: string | undefined;
  readonly ratePerSecond: number;
  readonly signal: AbortSignal;
  readonly onProgress?: ((report: ReplayReport) => void) | undefined;
}

/**
 * Sends the newest announced record of sessions again, as it was announced: the same text, version and attributes, and a
 * pointer where it does not fit. Consumers keep the highest version, so a replay never takes anything back. Crisp is not
 * asked. Rejects with `JobError` or `OperationError`.
 */
export async function replaySessions(
  context: ReplayContext,
  sessions: Iterable<SessionRef> | AsyncIterable<SessionRef & { readonly key?: string }>,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const { sinceVersion = 0 } = options;
  return walkSessions(sessions, (session) => replay(context, session, sinceVersion), {
    ...{ ...options, clock: context.clock },
  });
}

/** Does something with sessions one after another, at a rate. */
async function walkSessions(
  sessions: Iterable<SessionRef> | AsyncIterable<SessionRef & { readonly key?: string }>,
  work: (session: SessionRef) => Promise<keyof ReplayCounts>,
  { clock, signal, ratePerSecond, onProgress, after: begun }: ReplayOptions & { readonly clock: Clock },
): Promise<ReplayReport> {
  const pace = createPace(ratePerSecond, clock);
  let report: ReplayReport = { replayed: 0, skipped: 0, missing: 0, ended: 'complete', after: begun };
  for await (const session of sessions) {
    if (!(await mayGoOn())) return { ...report, ended: 'interrupted' };
    const outcome = await work(session).catch((thrown: unknown) => {
      throw toFailure(thrown, report.after);
    });
    const after = 'key' in session && typeof session.key === 'string' ? session.key : undefined;
    report = { ...report, [outcome]: report[outcome] + 1, ...(after !== undefined && { after }) };
    onProgress?.(report);
  }
  return signal.aborted ? { ...report, ended: 'interrupted' } : report;

  async function mayGoOn(): Promise<boolean> {
    await pace.wait(1, signal).catch(() => undefined); // Interrupted.
    return !signal.aborted;
  }
}

/** The same failure, with where the next walk may begin. */
function toFailure(thrown: unknown, after: string | undefined): unknown {
  if (!(thrown instanceof JobError) || after === undefined) return thrown;
  const { code, detail, status, hint } = thrown;
  const toGoOn = `to go on: the same with --after ${after}`;
  return new JobError(code, {
    ...(detail !== undefined && { detail }),
    ...(status !== undefined && { status }),
    hint: hint === undefined ? toGoOn : `${hint}; ${toGoOn}`,
    cause: thrown,
  });
}

async function replay(
  { archive, bucket, target, inlineLimitBytes }: ReplayContext,
  session: SessionRef,
  sinceVersion: number,
): Promise<keyof ReplayCounts> {
  const latest = await readLatest(archive, session);
  if (latest === 'unreadable') return 'missing';
  if (!latest?.announced || latest.version < sinceVersion) return 'skipped';
  const body = await archive.getRecord(session, latest.version);
  const record = body === undefined ? undefined : parseRecord(body);
  if (body === undefined || record === undefined) return 'missing';
  const archived = toArchived(session, latest.version, { bucket, body });
  await target.publish(toNotice(record, { body, archived, inlineLimitBytes }));
  return 'replayed';
}

function parseRecord(body: string): EnrichedRecord | RemovedRecord | undefined {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Every session of the archive, in the order of its keys. Rejects with `OperationError`. */
async function* listArchivedSessions(
  { s3, bucket }: { readonly s3: S3Client; readonly bucket: string },
  { after, websiteId }: { readonly after?: string | undefined; readonly websiteId?: string | undefined } = {},
): AsyncGenerator<SessionRef & { readonly key: string }> {
  let ContinuationToken: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: websiteId === undefined ? 'latest/' : `latest/${websiteId}/`,
      StartAfter: after,
      ContinuationToken,
    });
    const page: ListObjectsV2CommandOutput = await s3.send(command).catch((thrown: unknown) => {
      throw toAwsOperationError(thrown, { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` });
    });
    for (const { Key = '' } of page.Contents ?? []) {
      const session = toSession(Key);
      if (session) yield { ...session, key: Key };
    }
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
}

function toSession(key: string): SessionRef | undefined {
  const [, website, name = ''] = key.split('/');
  return parseSessionRef(website, name.replace(/\.json$/, ''));
}

/** Which sessions are replayed. */
export type ReplaySource =
  | { readonly sessions: readonly SessionRef[] }
  /** All of the archive, or of a website, behind a key. */
  | { readonly after: string | undefined; readonly websiteId: WebsiteId | undefined };

/** Replays to a stage's topic, or to one queue. Rejects with `OperationError` or `JobError`. */
export async function replayStage(
  stage: OperatedStage,
  source: ReplaySource,
  { queueUrl, defaultInlineLimitBytes, clock, ...options }: ReplayStageOptions,
): Promise<ReplayReport> {
  const clients = createOperatorClients(stage);
  const { bucket, inlineLimitBytes = defaultInlineLimitBytes } = stage;
  try {
    const s3 = await clients.s3();
    const target = await openTarget(stage, clients, queueUrl);
    const archive = createS3RecordArchive({ client: s3, bucket });
    const sessions = 'sessions' in source ? source.sessions : listArchivedSessions({ s3, bucket }, source);
    return await replaySessions({ archive, bucket, target, inlineLimitBytes, clock }, sessions, options);
  } finally {
    clients.destroy();
  }
}

/**
 * Notes anew in the ledger which conversations each person has, from what `latest` says of them. Nothing is sent.
 * Conversations that were archived by a version that did not say it are skipped. Rejects as `replayStage` does.
 */
export async function indexPeople(
  stage: OperatedStage,
  source: Extract<ReplaySource, { readonly after: unknown }>,
  { clock, ...options }: ReplayOptions & { readonly clock: Clock },
): Promise<ReplayReport> {
  const clients = createOperatorClients(stage);
  const { bucket, table } = stage;
  const ledger = { client: clients.dynamodb, table };
  try {
    const s3 = await clients.s3();
    const archive = createS3RecordArchive({ client: s3, bucket });
    const note = async (session: SessionRef): Promise<keyof ReplayCounts> => {
      const latest = await readLatest(archive, session);
      if (latest === 'unreadable') return 'skipped';
      const { people_id, updated_at } = latest ?? {};
      const peopleId = parsePeopleId(people_id);
      if (peopleId === undefined || typeof updated_at !== 'number') return 'skipped';
      const { websiteId, sessionId } = session;
      await notePersonsSession(ledger, { websiteId, sessionId, peopleId, updatedMs: updated_at });
      return 'replayed';
    };
    return await walkSessions(listArchivedSessions({ s3, bucket }, source), note, { clock, ...options });
  } finally {
    clients.destroy();
  }
}

async function openTarget(
  { topicArn }: OperatedStage,
  { sqs, sns }: OperatorClients,
  queueUrl: string | undefined,
): Promise<RecordTopic> {
  if (queueUrl !== undefined) return createSqsRecordTopic({ client: sqs, queueUrl });
  if (topicArn !== undefined) return createSnsRecordTopic({ client: await sns(), topicArn });
  throw new OperationError(
    'stack_not_found',
    'the stage does not name its topic: deploy it with this version',
  );
}

interface ReplayStageOptions extends ReplayOptions {
  /** In the place of the topic. */
  readonly queueUrl?: string | undefined;
  readonly defaultInlineLimitBytes: number;
  readonly clock: Clock;
}
