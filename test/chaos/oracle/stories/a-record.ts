import { createHash } from 'node:crypto';
import { RECORD_SCHEMA_ID } from '../../../../lib/core/record/schema.ts';

export const WEBSITE_ID = '8c842203-7ed8-4e29-a608-7cf78a7d2fcc';
export const SESSION_ID = 'session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881';
export const SESSION_KEY = `${WEBSITE_ID}:${SESSION_ID}`;

export interface RecordOptions {
  readonly version: number;
  readonly fingerprints: readonly number[];
  readonly sessionId?: string;
  readonly state?: string;
  readonly coversLatest?: boolean;
}

/** The text of a record that says what `aConversation` and `aMessages` say. */
export function aRecord(options: RecordOptions): string {
  const { version, fingerprints, sessionId = SESSION_ID, state = 'pending', coversLatest = true } = options;
  const content = { state, messages: toMessages(fingerprints), profile: null };
  return JSON.stringify({
    schema: RECORD_SCHEMA_ID,
    kind: 'conversation.enriched',
    website_id: WEBSITE_ID,
    session_id: sessionId,
    version,
    content_hash: `sha256:${createHash('sha256').update(JSON.stringify(content)).digest('hex')}`,
    fetched_at: new Date(version).toISOString(),
    ...content,
    metrics: {
      messages: fingerprints.length,
      by_visitor: fingerprints.length,
      by_operator: 0,
      notes: 0,
      first_response_ms: null,
      duration_ms: 0,
    },
    enrichment: {
      complete: true,
      mode: 'full',
      pages: 1,
      terminated_by: 'http_200',
      covers_latest_message: coversLatest,
      api_calls: 2,
      profile_cached: false,
      absorbed: 0,
      odd_fields: [],
    },
  });
}

export function aRemovedRecord(version: number, sessionId = SESSION_ID): string {
  return JSON.stringify({
    schema: RECORD_SCHEMA_ID,
    kind: 'conversation.removed',
    website_id: WEBSITE_ID,
    session_id: sessionId,
    version,
    reason: 'conversation_missing',
  });
}

/** Crisp's answer for the conversation. */
export function aConversation({ sessionId = SESSION_ID, state = 'pending' } = {}): string {
  const data = { website_id: WEBSITE_ID, session_id: sessionId, state, updated_at: 1, unread: {} };
  return JSON.stringify({ error: false, reason: 'resolved', data });
}

/** Crisp's answer for its messages. */
export function aPage(fingerprints: readonly number[]): string {
  return JSON.stringify({ error: false, reason: 'listed', data: toMessages(fingerprints) });
}

function toMessages(fingerprints: readonly number[]): object[] {
  return fingerprints.map((fingerprint) => ({ fingerprint, timestamp: fingerprint, content: 'Hello' }));
}
