import { isJsonObject } from '../is-json-object.ts';
import type { Finding } from './finding.ts';

/** What the infra files ask of a queue, with the names and texts of SQS's attributes. */
export interface ExpectedQueue {
  readonly attributes: Readonly<Record<string, string>>;
  /** Of its redrive policy; undefined: it has none. */
  readonly maxReceiveCount: string | undefined;
}

// An emulator may not know them, and nothing in local mode hangs on them.
const UNKNOWN_TO_EMULATORS = new Set(['DeduplicationScope', 'FifoThroughputLimit', 'MessageRetentionPeriod']);

/** Holds a queue's attributes against the template. */
export function judgeQueue(
  name: string,
  actual: Readonly<Record<string, string | undefined>>,
  { attributes, maxReceiveCount }: ExpectedQueue,
  { isLocal }: { readonly isLocal: boolean },
): Finding {
  const check = `queue ${name}`;
  const receives = readMaxReceiveCount(actual.RedrivePolicy);
  const differences = [
    ...Object.entries(attributes)
      .filter(([attribute, expected]) => actual[attribute] !== expected)
      .filter(([name]) => !(isLocal && actual[name] === undefined && UNKNOWN_TO_EMULATORS.has(name)))
      .map(([attribute, expected]) => `${attribute} is ${actual[attribute] ?? 'not set'}, not ${expected}`),
    ...(receives === maxReceiveCount
      ? []
      : [`maxReceiveCount is ${receives ?? 'not set'}, not ${maxReceiveCount ?? 'unset'}`]),
  ];
  if (differences.length === 0) return { check, state: 'ok', message: 'as the template wants it' };
  return {
    check,
    state: 'fail',
    message: differences.join('; '),
    remedy: `${isLocal ? 'start local mode again' : 'deploy again with the configuration of the stage'}; somebody may have changed the queue by hand`,
  };
}

/** SQS writes the count as a number, others as a text. */
function readMaxReceiveCount(policy: string | undefined): string | undefined {
  if (policy === undefined || policy === '') return undefined;
  try {
    const parsed: unknown = JSON.parse(policy);
    const count = isJsonObject(parsed) ? parsed.maxReceiveCount : undefined;
    return count === undefined ? undefined : String(count);
  } catch {
    return 'unreadable';
  }
}
