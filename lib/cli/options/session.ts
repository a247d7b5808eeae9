import { OperationError } from '../../core/errors/operation-error.ts';
import {
  parseSessionId,
  parseWebsiteId,
  type SessionId,
  type SessionRef,
  type WebsiteId,
} from '../../core/ids.ts';
import { toPrintable } from '../../core/text/to-printable.ts';

/** A session as it was typed: with its website, or waiting for one. */
export interface TypedSession {
  readonly sessionId: SessionId;
  readonly websiteId: WebsiteId | undefined;
}

/** Reads `session_…` or `WEBSITE:session_…`. Throws `OperationError`: `session_id_invalid`, `website_id_invalid`. */
export function readSession(text: string): TypedSession {
  const colon = text.lastIndexOf(':');
  const sessionId = parseSessionId(text.slice(colon + 1));
  if (sessionId === undefined) {
    const message = `session_id_invalid: '${toPrintable(text)}' is not the id of a session, such as session_700c65e1-…`;
    throw new OperationError('session_id_invalid', message);
  }
  return { sessionId, websiteId: colon === -1 ? undefined : readWebsite(text.slice(0, colon)) };
}

/** Throws `OperationError` `website_id_invalid`. */
export function readWebsite(text: string): WebsiteId {
  const websiteId = parseWebsiteId(text);
  if (websiteId !== undefined) return websiteId;
  const message = `website_id_invalid: '${toPrintable(text)}' is not the id of a website, which is a UUID`;
  throw new OperationError('website_id_invalid', message);
}

export interface WebsiteChoice {
  /** From `--website`. */
  readonly given: WebsiteId | undefined;
  /** From `CRISP_WEBSITE_IDS`; empty: all. */
  readonly configured: readonly WebsiteId[];
  /** Looks which have been seen. */
  readonly known: () => Promise<readonly WebsiteId[]>;
}

/**
 * Gives a session its website: its own, the one that was given, or the only one there is. Throws `OperationError`
 * `website_id_required` with the choices.
 */
export async function withWebsite(
  { sessionId, websiteId }: TypedSession,
  { given, configured, known }: WebsiteChoice,
): Promise<SessionRef> {
  const own = websiteId ?? given;
  if (own) return { websiteId: own, sessionId };
  const choices = configured.length > 0 ? configured : await known();
  const [only, ...others] = choices;
  if (only && others.length === 0) return { websiteId: only, sessionId };
  const which = only ? `one of ${choices.join(', ')}` : 'none has been seen yet';
  throw new OperationError(
    'website_id_required',
    `website_id_required: say which website with --website ID (${which})`,
  );
}
