import * as z from 'zod';
import { parseSessionId, parseWebsiteId, type SessionRef, type WebsiteId } from '../../../core/ids.ts';
import type { Simulator } from '../simulator.ts';
import { SimulatorError } from '../simulator-error.ts';

/** Something that `POST /_simulator/{name}` does. */
export interface Control {
  readonly name: string;
  /** The body it takes and what it does, for people. */
  readonly about: string;
  /** Checks the body, acts, and returns what the answer says beside `ok`. Throws `ZodError` or `SimulatorError`. */
  act(simulator: Simulator, body: unknown, nowMs: number): Readonly<Record<string, unknown>>;
}

/** The fields that name a conversation; without `website_id` the first website is meant. */
export const SessionBody = z.strictObject({ session_id: z.string(), website_id: z.string().exactOptional() });

/** A control whose body is checked by a schema first. */
export function toControl<Body>(
  name: string,
  about: string,
  schema: z.ZodType<Body>,
  act: (simulator: Simulator, body: Body, nowMs: number) => Readonly<Record<string, unknown>> | undefined,
): Control {
  return { name, about, act: (simulator, body, nowMs) => act(simulator, schema.parse(body), nowMs) ?? {} };
}

/** The website that a body names, or the first. Throws `SimulatorError` where the text is no id. */
export function toWebsite(simulator: Simulator, websiteId: string | undefined): WebsiteId {
  const parsed = websiteId === undefined ? simulator.websiteId : parseWebsiteId(websiteId);
  if (parsed === undefined) throw new SimulatorError('unknown_website', 'no website id');
  return parsed;
}

/** The conversation that a body names. Throws `SimulatorError` where the text is no id. */
export function toSession(
  simulator: Simulator,
  { session_id, website_id }: z.infer<typeof SessionBody>,
): SessionRef {
  const sessionId = parseSessionId(session_id);
  if (sessionId === undefined) throw new SimulatorError('unknown_session', 'no session id');
  return { websiteId: toWebsite(simulator, website_id), sessionId };
}
