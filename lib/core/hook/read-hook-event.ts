import { HookRefusedError } from '../errors/hook-refused-error.ts';
import { isJsonObject, type JsonObject } from '../is-json-object.ts';

/** A Crisp event, of which only the envelope has been checked; the ids in it may still be anything. */
export interface HookEvent {
  readonly name: string;
  readonly data: JsonObject;
  /** The envelope's own `website_id`, which Crisp may leave out. */
  readonly websiteId: unknown;
}

/** Reads the envelope `{ event, data, website_id }` as leniently as Crisp's own client does. */
export function readHookEvent(payload: unknown): HookEvent {
  if (!isJsonObject(payload)) throw new HookRefusedError('payload_not_object');
  const { event, data, website_id } = payload;
  if (typeof event !== 'string' || event === '') throw new HookRefusedError('event_missing');
  if (!isJsonObject(data)) throw new HookRefusedError('data_malformed');
  return { name: event, data, websiteId: website_id };
}
