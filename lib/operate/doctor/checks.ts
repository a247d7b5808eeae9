import { fileURLToPath } from 'node:url';
import { STAGE_QUEUE_NAMES, type StageQueue, toQueueName } from '../../aws/queues.ts';
import type { ClockSample } from '../../clock.ts';
import type { HookMode } from '../../config/config.ts';
import type { InfraSettings } from '../../config/infra-settings.ts';
import { loadInfraTemplate } from '../../config/infra-template.ts';
import { OPTIONAL_SECRETS, type StoredSecretName } from '../../config/secrets.ts';
import { ConfigError, OperationError } from '../../errors.ts';
import { isJsonObject, toMoment } from '../../text.ts';

/** `skipped`: could not be looked at, because something before it failed or is missing. */
export type FindingState = 'ok' | 'warn' | 'fail' | 'skipped';

/** What a look at one thing came to. No secret, no message text and no address of a person is in it. */
export interface Finding {
  /** What was looked at, e.g. `crisp-tier` or `queue sessions`. */
  readonly check: string;
  readonly state: FindingState;
  /** What was found, in one sentence. */
  readonly message: string;
  /** What to do about it, in one sentence; absent where nothing is to be done. */
  readonly remedy?: string;
}

type Attempt<Value> =
  | { readonly value: Value; readonly findings: readonly [] }
  | { readonly value: undefined; readonly findings: readonly Finding[] };

/** Runs one look; what a person can mend becomes a finding under `check`, and a defect stays one. */
export async function attempt<Value>(
  check: string,
  look: () => Promise<Value> | Value,
): Promise<Attempt<Value>> {
  try {
    return { value: await look(), findings: [] };
  } catch (error) {
    return { value: undefined, findings: toFindings(check, error) };
  }
}

function toFindings(check: string, error: unknown): Finding[] {
  if (error instanceof OperationError) {
    return [{ check, state: 'fail', message: 'it could not be looked at', remedy: error.message }];
  }
  if (error instanceof ConfigError) {
    return error.problems.map(({ variable, message }) => ({
      check,
      state: 'fail',
      message: `${variable}: ${message}`,
      remedy: `correct ${variable}; README.md lists what it may be`,
    }));
  }
  throw error;
}

// Half of the usual margin after a bucket, which is what the clocks of a stage may differ by.
const WARN_MS = 5_000;
// A usual bucket: jobs that are enqueued from here then fall into another one. AWS refuses signatures from 5 minutes on.
const FAIL_MS = 60_000;

/** Holds this machine's clock against that of `witness`; without a sample, nothing could be compared. */
export function judgeClock(witness: 'AWS' | 'Crisp', sample: ClockSample | undefined): Finding {
  const check = `clock against ${witness}`;
  if (!sample) return { check, state: 'skipped', message: `no answer of ${witness} told the time` };
  const { offsetMs, uncertaintyMs } = sample;
  const certainMs = Math.max(0, Math.abs(offsetMs) - uncertaintyMs);
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  if (certainMs < WARN_MS)
    return { check, state: 'ok', message: `within ${Math.max(1, seconds)} s of ${witness}` };
  return {
    check,
    state: certainMs < FAIL_MS ? 'warn' : 'fail',
    message: `this machine is ${seconds} s ${offsetMs > 0 ? 'behind' : 'ahead of'} ${witness}`,
    remedy: 'let the system set the time by itself (NTP), and run this again',
  };
}

export interface AccountConcurrency {
  /** Of the account in this region. */
  readonly limit: number;
  /** What of it no function has reserved. */
  readonly unreserved: number;
}

// Besides the consumer one for the probe, and one for the webhook that answers Crisp.
const OTHERS = 2;
// A webhook takes a few milliseconds for each hook, so a handful of instances carries a large workspace.
const COMFORTABLE = 10;

/** Whether webhook, consumer and probe have room beside each other. A webhook without room answers 429, and hooks are lost. */
export function judgeConcurrency(
  { limit, unreserved }: AccountConcurrency,
  consumerConcurrency: number,
): Finding {
  const message = `${unreserved} of ${limit} concurrent executions are free to use, ${consumerConcurrency} of them by the consumer`;
  const check = 'account limits';
  if (unreserved >= consumerConcurrency + COMFORTABLE) return { check, state: 'ok', message };
  return {
    check,
    state: unreserved < consumerConcurrency + OTHERS ? 'fail' : 'warn',
    message,
    remedy: 'ask AWS for more under Service Quotas, Lambda, "Concurrent executions" (L-B99A9384)',
  };
}

/** Website hooks work, and are the weaker choice. */
export function judgeHookMode(mode: HookMode): Finding {
  const check = 'hook mode';
  if (mode === 'plugin') return { check, state: 'ok', message: 'plugin: signed, and repeated by Crisp' };
  return {
    check,
    state: 'warn',
    message:
      'website: neither signed nor repeated by Crisp; the key in the URL is all that proves its origin',
    remedy: 'use a plugin hook where you can, with CRISP_HOOK_MODE=plugin',
  };
}

// The runtime of the functions, too.
const REQUIRED_MAJOR = 24;

/** `version` as in `process.versions.node`. */
export function judgeNode(version: string): Finding {
  const message = `Node ${version}`;
  if (Number(version.split('.')[0]) >= REQUIRED_MAJOR) return { check: 'node', state: 'ok', message };
  const remedy = `install Node ${REQUIRED_MAJOR}`;
  return { check: 'node', state: 'fail', message: `${message} is older than ${REQUIRED_MAJOR}`, remedy };
}

interface ExamineQueuesDependencies {
  readonly isLocal: boolean;
  /** Of the infra files; undefined where they do not have the queue. */
  readonly expected: (name: StageQueue) => ExpectedQueue | undefined;
  /** SQS's own attributes of a queue. Rejects with `OperationError`. */
  readonly readAttributes: (name: StageQueue) => Promise<Readonly<Record<string, string | undefined>>>;
}

/** Holds every queue against the template. */
export async function examineQueues({
  expected,
  readAttributes,
  isLocal,
}: ExamineQueuesDependencies): Promise<Finding[]> {
  return Promise.all(STAGE_QUEUE_NAMES.map(examine));

  async function examine(name: StageQueue): Promise<Finding> {
    const check = `queue ${name}`;
    const wanted = expected(name);
    if (!wanted) return { check, state: 'skipped', message: 'infra/queues.yml has no such queue' };
    try {
      return judgeQueue(name, await readAttributes(name), wanted, { isLocal });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return { check, state: 'fail', message: 'it could not be read', remedy: error.message };
    }
  }
}

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

/** A secret of a stage, without its value. */
interface SecretFacts {
  readonly name: StoredSecretName;
  readonly stage: string;
  readonly region: string;
  /** Undefined where it does not exist. */
  readonly stored: { readonly changedMs: number | undefined; readonly isEncrypted: boolean } | undefined;
}

/** Whether a secret of a stage exists as it should. */
export function judgeSecret({ name, stage, region, stored }: SecretFacts): Finding {
  const check = `secret ${name}`;
  const remedy = `npx crisp-enrich secrets set ${name} --stage ${stage} --region ${region}`;
  if (!stored && OPTIONAL_SECRETS.includes(name)) return { check, state: 'ok', message: EFFECTS[name] };
  if (!stored) return { check, state: 'fail', message: EFFECTS[name], remedy };
  if (!stored.isEncrypted) {
    const message = 'stored as plain text: whoever may list parameters may read it';
    return { check, state: 'fail', message, remedy: `delete the parameter, then ${remedy}` };
  }
  return {
    check,
    state: 'ok',
    message: `stored, changed ${toMoment(stored.changedMs) ?? 'at an unknown time'}`,
  };
}

const EFFECTS: Readonly<Record<StoredSecretName, string>> = {
  CRISP_HOOK_SECRETS: 'missing: every hook is answered 503 config_unavailable',
  CRISP_TOKEN_IDENTIFIER: 'missing: no conversation can be fetched',
  CRISP_TOKEN_KEY: 'missing: no conversation can be fetched',
  API_KEYS: 'none: the API answers nobody (503 config_unavailable)',
};

const DIRECTORY = fileURLToPath(new URL('../../../infra', import.meta.url));

// What decides how messages live; encryption and access are CloudFormation's own, and no emulator's.
const COMPARED = [
  'FifoQueue',
  'DeduplicationScope',
  'FifoThroughputLimit',
  'DelaySeconds',
  'VisibilityTimeout',
  'MessageRetentionPeriod',
];

/**
 * What the infra files of this installation ask of the queues, with the stage's settings filled in. Rejects where the
 * files are not to be read.
 */
export async function readInfraQueues(
  settings: InfraSettings,
): Promise<ReadonlyMap<StageQueue, ExpectedQueue>> {
  // Which stage it is decides nothing that is compared.
  const template = await loadInfraTemplate(DIRECTORY, { stage: 'local', settings: { ...settings } });
  const found = new Map<StageQueue, ExpectedQueue>();
  for (const { property } of template.resources('AWS::SQS::Queue')) {
    const name = STAGE_QUEUE_NAMES.find((it) => toQueueName('local', it) === property('QueueName'));
    if (name === undefined) continue;
    const attributes = COMPARED.flatMap((attribute) => {
      const value = property(attribute);
      return value === undefined ? [] : [[attribute, String(value)] as const];
    });
    const policy = property('RedrivePolicy');
    const count = isJsonObject(policy) ? policy.maxReceiveCount : undefined;
    found.set(name, {
      attributes: Object.fromEntries(attributes),
      maxReceiveCount: count === undefined ? undefined : String(count),
    });
  }
  return found;
}
