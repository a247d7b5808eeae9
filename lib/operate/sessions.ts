import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { toAwsOperationError } from '../aws/failures.ts';
import type { DeadLetterContext } from '../dead-letters/context.ts';
import type { DeadLetter } from '../dead-letters/dead-letter.ts';
import { type DeadLetterList, listDeadLetters } from '../dead-letters/list.ts';
import { parseWebsiteId, type SessionRef, type WebsiteId } from '../ids.ts';
import type { Run } from '../ledger/runs.ts';
import type { SessionNotes } from '../ledger/session-notes.ts';
import { type Latest, type RecordArchive, toRecordsPrefix } from '../record/archive.ts';
import { type SeenHook, type TimelineEntry, toTimeline } from './timeline.ts';

export interface TraceSessionOptions {
  /** The most runs. */
  readonly limit: number;
  /** The most dead letters to look at; undefined: all. */
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
  /** Those that were seen of the session, where somebody keeps them. */
  readonly hooks?: readonly SeenHook[] | undefined;
}

/** What happened to a session, as far as anything of it is kept. */
export interface SessionStory {
  /** Newest first. */
  readonly runs: readonly Run[];
  /** Its newest archived version; undefined where it was never archived. */
  readonly latest: Latest | undefined;
  /** Of its archived records, the oldest first; of a session with many runs, those since the oldest that is shown. */
  readonly versions: readonly number[];
  /** All of it, the oldest entry first. */
  readonly timeline: readonly TimelineEntry[];
}

/** The same, with a look at the dead-letter queue. */
export interface SessionTrace extends SessionStory {
  readonly session: SessionRef;
  readonly deadLetters: readonly DeadLetter[];
  readonly look: DeadLetterList;
}

/** Where a trace comes from, beside the dead-letter queue and its notes. */
export interface TraceSources {
  readonly archive: Pick<RecordArchive, 'getLatest'>;
  /** The versions of a session that came from a fetch then or later, the oldest first. */
  readonly listVersions: (session: SessionRef, sinceMs: number) => Promise<readonly number[]>;
  readonly sessionNotes: Pick<SessionNotes, 'readActivity'>;
}

/** Gathers what the ledger, the archive and the dead-letter queue know of a session. */
export async function traceSession(
  context: DeadLetterContext,
  sources: TraceSources,
  session: SessionRef,
  { limit, max, signal, hooks }: TraceSessionOptions,
): Promise<SessionTrace> {
  const deadLetters: DeadLetter[] = [];
  const onLetter = async (letter: DeadLetter) => void deadLetters.push(letter);
  const looking = listDeadLetters(context, { filter: session, max, signal, onLetter });
  const seen = looking.then(() => deadLetters);
  const [look, story] = await Promise.all([
    looking,
    readStory(context, sources, session, { limit, hooks, deadLetters: seen }),
  ]);
  return { session, ...story, deadLetters, look };
}

export interface StoryOptions extends Pick<TraceSessionOptions, 'limit' | 'hooks'> {
  /** Those of the session that a look has seen. */
  readonly deadLetters: Promise<readonly DeadLetter[]> | readonly DeadLetter[];
}

/** The same without a look at the dead-letter queue, which would hide its messages: somebody else has looked. */
export async function readStory(
  context: Pick<DeadLetterContext, 'runHistory' | 'redriveNotes'>,
  { archive, listVersions, sessionNotes }: TraceSources,
  session: SessionRef,
  { limit, hooks = [], deadLetters: seen }: StoryOptions,
): Promise<SessionStory> {
  const [runs, stored, { sent }, redrivenMs, deadLetters] = await Promise.all([
    context.runHistory.ofSession(session, { limit }),
    archive.getLatest(session),
    sessionNotes.readActivity(session),
    context.redriveNotes.list(session),
    seen,
  ]);
  const latest = stored?.latest;
  // Of a session with many runs, those of the runs that are shown.
  const sinceMs = runs.length < limit ? 0 : (runs.at(-1)?.startedMs ?? 0);
  const versions = latest ? await listVersions(session, sinceMs) : [];
  const timeline = toTimeline({ runs, latest, versions, redrivenMs, deadLetters, sent, hooks });
  return { runs, latest, versions, timeline };
}

/** The versions of a session in the archive's bucket; at most a thousand. Rejects with `OperationError`. */
export async function listRecordVersions(
  { s3, bucket }: { readonly s3: S3Client; readonly bucket: string },
  session: SessionRef,
  sinceMs: number,
): Promise<readonly number[]> {
  const prefix = toRecordsPrefix(session);
  const command = new ListObjectsV2Command({
    Bucket: bucket,
    Prefix: prefix,
    // Keys sort as text: versions have as many digits as long as they are moments.
    ...(sinceMs > 1 && { StartAfter: `${prefix}${sinceMs - 1}.json` }),
  });
  const { Contents = [] } = await s3.send(command).catch((thrown: unknown) => {
    throw toAwsOperationError(thrown, { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` });
  });
  return Contents.map(({ Key = '' }) => Number.parseInt(Key.slice(prefix.length), 10)).filter(
    Number.isSafeInteger,
  );
}

// Enough to show a choice.
const MAX_WEBSITES = 20;

/** The websites of which something was archived. Rejects with `OperationError`. */
export async function listKnownWebsites(s3: S3Client, bucket: string): Promise<readonly WebsiteId[]> {
  const command = new ListObjectsV2Command({
    Bucket: bucket,
    Prefix: 'latest/',
    Delimiter: '/',
    MaxKeys: MAX_WEBSITES,
  });
  const { CommonPrefixes = [] } = await s3.send(command).catch((thrown: unknown) => {
    throw toAwsOperationError(thrown, { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` });
  });
  return CommonPrefixes.map(({ Prefix = '' }) => parseWebsiteId(Prefix.split('/')[1])).filter(isKnown);
}

function isKnown(websiteId: WebsiteId | undefined): websiteId is WebsiteId {
  return websiteId !== undefined;
}
