import { isJsonObject } from '../../core/is-json-object.ts';
/** Which messages of a batch failed, or that the response is none, which makes the whole batch a failure. */
export type BatchResult =
  | { readonly outcome: 'reported'; readonly failedIds: ReadonlySet<string> }
  | { readonly outcome: 'invalid'; readonly reason: InvalidResponse };

export type InvalidResponse =
  | 'response-not-serializable'
  | 'response-not-an-object'
  | 'failures-not-a-list'
  | 'identifier-missing'
  | 'identifier-empty'
  | 'identifier-unknown';

const ALL_SUCCEEDED: BatchResult = { outcome: 'reported', failedIds: new Set() };

/**
 * Reads a handler's response as Lambda does with `ReportBatchItemFailures`: nothing, an empty object and an empty or
 * absent list mean that all succeeded; an identifier that is missing, empty, null or not of this batch means that all
 * failed.
 */
export function readBatchResponse(response: unknown, messageIds: ReadonlySet<string>): BatchResult {
  const json = toJson(response);
  if (json === undefined) return invalid('response-not-serializable');
  if (json === null) return ALL_SUCCEEDED;
  if (!isJsonObject(json)) return invalid('response-not-an-object');

  const failures = json.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return invalid('failures-not-a-list');

  const failedIds = new Set<string>();
  for (const failure of failures) {
    const identifier = isJsonObject(failure) ? failure.itemIdentifier : undefined;
    if (typeof identifier !== 'string') return invalid('identifier-missing');
    if (identifier === '') return invalid('identifier-empty');
    if (!messageIds.has(identifier)) return invalid('identifier-unknown');
    failedIds.add(identifier);
  }
  return { outcome: 'reported', failedIds };
}

// The runtime sends the response as JSON; what cannot be written as JSON is an error of the function.
function toJson(response: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(response) ?? 'null');
  } catch {
    return undefined;
  }
}

function invalid(reason: InvalidResponse): BatchResult {
  return { outcome: 'invalid', reason };
}
