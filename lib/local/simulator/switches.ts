import { SimulatorError } from './store.ts';

interface SwitchDefinition {
  /** The first is the default. A switch of numbers accepts any whole number, these are the ones worth testing. */
  readonly positions: readonly [number, ...number[]] | readonly [string, ...string[]];
  /** What is not known about Crisp. */
  readonly question: string;
}

/**
 * Everything about Crisp that no source confirms, as a switch. A client is trustworthy when it works in every position:
 * `alternativePositions()` lists them for tests. docs/verified.md says what is known.
 */
export const SWITCHES = {
  messagesPageSize: { positions: [20, 40, 7], question: 'How many messages a page has' },
  timestampBoundary: {
    positions: ['strict', 'inclusive'],
    question: 'Whether timestamp_before and timestamp_after include their own millisecond',
  },
  messagesStatus: {
    positions: ['honest', 'always-200'],
    question: 'Whether a page of messages answers 206 while older ones exist',
  },
  listStatus: {
    positions: ['honest', 'always-200'],
    question: 'Whether lists of pages and events answer 206 while more exist',
  },
  listPageSize: { positions: [20, 50, 5], question: 'How many entries a page of those has' },
  pageBeyondEnd: {
    positions: ['empty', 'not-found'],
    question: 'What a page number behind the last one answers',
  },
  missingSessionStatus: { positions: [404, 410], question: 'Status for a missing or removed conversation' },
  missingSessionReason: {
    positions: ['session_not_found', 'not_found'],
    question: 'Reason for a missing or removed conversation',
  },
  invalidSessionStatus: { positions: [401, 403], question: 'Status of invalid_session' },
  rateLimitStatus: { positions: [429, 420, 422], question: 'Status of a refused request' },
  rateLimitReason: { positions: ['rate_limited', 'too_many_requests'], question: 'Reason of a refused one' },
  quotaStatus: { positions: [429, 423, 420], question: 'Status once the daily quota is spent' },
  quotaReason: {
    positions: ['quota_limit_exceeded', 'rate_limited'],
    question: 'Reason once the quota is spent',
  },
  retryAfter: { positions: ['none', 'seconds', 'date'], question: 'Whether refusals carry Retry-After' },
  quotaResetHourUtc: { positions: [0, 7], question: 'Hour of the day at which the quota starts anew' },
  cachedReads: { positions: ['counted', 'free'], question: 'Whether an answer from the cache spends quota' },
  refusedRequests: { positions: ['free', 'counted'], question: 'Whether a refused request spends quota' },
  cacheStaleMs: { positions: [0, 3000], question: 'How long the read cache may lag behind' },
  hookTimestampUnit: {
    positions: ['milliseconds', 'seconds'],
    question: 'Unit of X-Crisp-Request-Timestamp',
  },
  hookRetryTimestamp: {
    positions: ['re-stamped', 'kept'],
    question: 'Whether a retry is stamped and signed anew',
  },
  hookBody: {
    positions: ['compact', 'escaped'],
    question: 'Whether the body’s bytes equal JSON.stringify of it (escaped: non-ASCII as \\uXXXX)',
  },
  hookAttemptLimit: { positions: [5, 2], question: 'How often a plugin hook is attempted' },
  hookTimeoutMs: { positions: [10_000, 3000], question: 'How long a hook waits for its answer' },
  hookRetryBaseMs: { positions: [5000, 1000], question: 'Wait before the first retry; doubled each time' },
  hookOrder: {
    positions: ['concurrent', 'per-session'],
    question: 'Whether a session’s next hook waits until the one before has ended',
  },
  failingHook: {
    positions: ['kept', 'disabled'],
    question: 'Whether a hook is switched off after a delivery was given up',
  },
  websiteHookEvents: {
    positions: ['without-routing', 'all'],
    question: 'Which events a website hook offers',
  },
  websiteHookRetries: { positions: ['never', 'as-plugin'], question: 'Whether website hooks are retried' },
  websiteHookOrigin: {
    positions: ['absent', 'present'],
    question: 'Whether website hooks carry X-Crisp-Hook-Origin',
  },
  resolveMessage: {
    positions: ['none', 'event'],
    question: 'Whether a change of state also adds a message of type event',
  },
} as const satisfies Record<string, SwitchDefinition>;

export type SwitchName = keyof typeof SWITCHES;
type Position<Name extends SwitchName> = (typeof SWITCHES)[Name]['positions'][number];

/** The position of every switch. */
export type Switches = {
  [Name in SwitchName]: Position<Name> extends number ? number : Position<Name>;
};

export const SWITCH_NAMES = Object.keys(SWITCHES).filter(isSwitchName);

/** All defaults, but for the given positions. Throws `SimulatorError` for a position that does not exist. */
export function createSwitches(positions: Partial<Switches> = {}): Switches {
  const defaults = Object.fromEntries(SWITCH_NAMES.map((name) => [name, SWITCHES[name].positions[0]]));
  // Built from SWITCHES itself: every name is there, with one of its own positions.
  const switches = defaults as Switches;
  for (const [name, position] of Object.entries(positions)) setSwitch(switches, name, position);
  return switches;
}

/** Moves one switch. Throws `SimulatorError` where the name or the position does not exist. */
export function setSwitch(switches: Switches, name: string, position: unknown): void {
  if (!isSwitchName(name)) throw new SimulatorError('unknown_switch', name);
  if (!isPosition(name, position)) {
    throw new SimulatorError('switch_position_invalid', `${name} has ${SWITCHES[name].positions.join(', ')}`);
  }
  Object.assign(switches, { [name]: position });
}

/** Every position but the defaults, one switch at a time: what an end-to-end test should be repeated with. */
export function alternativePositions(): { name: SwitchName; position: string | number }[] {
  return SWITCH_NAMES.flatMap((name) =>
    SWITCHES[name].positions.slice(1).map((position) => ({ name, position })),
  );
}

function isSwitchName(name: string): name is SwitchName {
  return Object.hasOwn(SWITCHES, name);
}

function isPosition(name: SwitchName, position: unknown): boolean {
  const positions: readonly unknown[] = SWITCHES[name].positions;
  if (typeof positions[0] === 'number') return Number.isSafeInteger(position) && Number(position) >= 0;
  return positions.includes(position);
}
