import type { SessionRef } from '../ids.ts';
import { RECORD_SCHEMA_ID, type RemovedRecord } from './schema.ts';

/** The record that says that Crisp no longer has a conversation: ids, version and reason only. */
export function buildRemovedRecord(
  { websiteId, sessionId }: SessionRef,
  { version, reason }: { readonly version: number; readonly reason: string },
): RemovedRecord {
  return {
    schema: RECORD_SCHEMA_ID,
    kind: 'conversation.removed',
    website_id: websiteId,
    session_id: sessionId,
    version,
    reason,
  };
}
