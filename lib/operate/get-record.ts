import { fetchConversation } from '../crisp/conversation.ts';
import { createPagingTrust } from '../crisp/paging.ts';
import { OperationError } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import { createS3RecordArchive } from '../record/archive.ts';
import { buildRecord, expectRecord } from '../record/build.ts';
import type { ConnectOptions } from './operations.ts';
import { openReconciler } from './reconcile-stage.ts';
import { createOperatorClients, type OperatedStage } from './stage.ts';

/**
 * The JSON text of a session's newest archived record, or of one version. Rejects with `OperationError`
 * `record_not_found`, or with `JobError` where the archive fails.
 */
export async function readArchivedRecord(
  stage: OperatedStage,
  session: SessionRef,
  version: number | undefined,
): Promise<string> {
  const clients = createOperatorClients(stage);
  try {
    const archive = createS3RecordArchive({ client: await clients.s3(), bucket: stage.bucket });
    const wanted = version ?? (await archive.getLatest(session))?.latest.version;
    const body = wanted === undefined ? undefined : await archive.getRecord(session, wanted);
    if (body !== undefined) return body;
    const [what, help] =
      version === undefined ? ['no record', '; --fetch asks Crisp'] : [`no version ${version}`, ''];
    throw new OperationError(
      'record_not_found',
      `the archive has ${what} of ${session.sessionId} of website ${session.websiteId}${help}`,
    );
  } finally {
    clients.destroy();
  }
}

/** Fetches a conversation now, with the stage's token, and announces nothing. Rejects as `openReconciler`, or with `JobError`. */
export async function fetchRecordNow(
  options: ConnectOptions,
  session: SessionRef,
  signal: AbortSignal,
): Promise<string> {
  const { crisp, include, maxPages, close } = await openReconciler(options);
  try {
    const fetching = {
      ...{ crisp, include, maxPages, clock: options.clock },
      telemetry: { emit() {} },
      pagingTrust: createPagingTrust(),
      profileCacheSeconds: 0,
    };
    const fetched = await fetchConversation(fetching, session, { signal });
    const record = buildRecord(fetched, { version: fetched.startedMs, mode: 'full', absorbed: 0 });
    expectRecord(record);
    return JSON.stringify(record);
  } finally {
    await close();
  }
}
