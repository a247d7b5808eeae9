import { OperationError } from '../../core/errors/operation-error.ts';
import { isJsonObject } from '../../core/is-json-object.ts';
import { readSession, readWebsite, type TypedSession } from '../options/session.ts';

/**
 * Reads a session from a line: `session_…`, `WEBSITE:session_…`, or a JSON object with `session_id` and `website_id`, as
 * `dlq export` writes it. Throws `OperationError`: `session_id_invalid`, `website_id_invalid`.
 */
export function readSessionLine(text: string): TypedSession {
  if (!text.startsWith('{')) return readSession(text);
  const fields = parseObject(text);
  const { sessionId } = readSession(String(fields.session_id ?? fields.sessionId ?? ''));
  const websiteId = fields.website_id ?? fields.websiteId ?? undefined;
  return { sessionId, websiteId: websiteId === undefined ? undefined : readWebsite(String(websiteId)) };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isJsonObject(parsed)) return parsed;
  } catch {
    // Told below: the parser's message would quote the line.
  }
  throw new OperationError('session_id_invalid', 'session_id_invalid: not a JSON object');
}
