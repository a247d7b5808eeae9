import { HookRefusedError } from '../errors/hook-refused-error.ts';
import { parseSessionId, parseWebsiteId, type SessionId, type WebsiteId } from '../ids.ts';
import { toShape } from '../text/to-shape.ts';
import type { HookEvent } from './read-hook-event.ts';

/**
 * The website of an event. Crisp repeats it in `data` and may leave out either; where both are there they must agree,
 * and where neither is, the event belongs to nobody.
 */
export function pickWebsiteId({ data, websiteId }: HookEvent): WebsiteId {
  const outer = parseOptional(websiteId);
  const inner = parseOptional(data.website_id) ?? outer;
  if (inner === undefined) {
    throw new HookRefusedError('website_mismatch', 'neither the envelope nor its data has a website_id');
  }
  if (outer !== undefined && outer !== inner) {
    throw new HookRefusedError('website_mismatch', `${outer} in the envelope, ${inner} in its data`);
  }
  return inner;
}

/** The session of an event. */
export function pickSessionId({ data }: HookEvent): SessionId {
  const value = data.session_id;
  if (value === undefined || value === null) throw new HookRefusedError('session_id_missing');
  const sessionId = parseSessionId(value);
  if (sessionId === undefined) throw new HookRefusedError('session_id_invalid', describe(value));
  return sessionId;
}

function parseOptional(value: unknown): WebsiteId | undefined {
  if (value === undefined || value === null) return undefined;
  const websiteId = parseWebsiteId(value);
  if (websiteId === undefined) throw new HookRefusedError('website_id_invalid', describe(value));
  return websiteId;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `like "${toShape(value)}"` : `of type ${typeof value}`;
}
