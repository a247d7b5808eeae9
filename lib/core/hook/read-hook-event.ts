import { HookRefusedError } from '../errors/hook-refused-error.ts';
import { isJsonObject, type JsonObject } from '../is-json-object.ts';

/** A Crisp event, of which only the envelope has been checked; the ids in it may still be anything. */
export interface HookEvent {
  readonly name: string;
  /** Empty where `hasData` is false. */
  readonly data: JsonObject;
  /** False where `data` is absent, or no object: a reason to refuse an event that is wanted, and only that. */
  readonly hasData: boolean;
  /** The envelope's own `website_id`, which Crisp may leave out. */
  readonly websiteId: unknown;
}

/** Reads the envelope `{ event, data, website_id }` so far that it can be told whether the event is of interest. */
export function readHookEvent(payload: unknown): HookEvent {
  if (!isJsonObject(payload)) throw new HookRefusedError('payload_not_object');
  const { event, data, website_id } = payload;
  if (typeof event !== 'string' || event === '') throw new HookRefusedError('event_missing');
  const hasData = isJsonObject(data);
  return { name: event, data: hasData ? data : {}, hasData, websiteId: website_id };
}
