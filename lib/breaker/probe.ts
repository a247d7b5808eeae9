import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { type Clock, systemClock } from '../clock.ts';
import type { ProbeConfig } from '../config/config.ts';
import { loadProbeConfig } from '../config/load.ts';
import { createKnownSecrets, createSecrets, type Secrets } from '../config/secret-reader.ts';
import { startFunction, withoutForeignErrors } from '../config/start-function.ts';
import type { CrispPool } from '../crisp/http.ts';
import { openCrisp } from '../crisp/open-crisp.ts';
import { type JobError, toJobError } from '../errors.ts';
import type { SessionRef, WebsiteId } from '../ids.ts';
import {
  CONTROL_ROUTE,
  createDynamoBreakerNotes,
  type NotedOpening,
  type Opening,
  type Row,
} from '../ledger/breaker-notes.ts';
import { createDynamoQuotaNotes, type QuotaNotes, toTokenKey } from '../ledger/quota-notes.ts';
import { createBestEffort } from '../ledger/table.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { createFunctionTelemetry } from '../telemetry/logger.ts';
import { isBlindLookDue, isLookDue } from './breaker.ts';
import type { BreakerContext } from './context.ts';
import { type Look, lookAtCrisp, lookWithoutReason } from './look.ts';
import {
  createEventSourceMapping,
  type EventSourceMapping,
  type EventSourceMappingState,
} from './mapping.ts';
import { doubleHoldOff, FIRST_HOLD_OFF_SECONDS, isHeld, toNextProbeMs } from './opening.ts';
import { closeBreaker } from './pause.ts';
import { lookAtQuota } from './quota-look.ts';

/** The probe of this process's environment; a wrong configuration ends the function at its start, and says why. */
export function startProbe() {
  return startFunction(() => {
    const config = loadProbeConfig();
    return createProbeHandler(config, { secrets: createSecrets(config.secrets, systemClock) });
  });
}

interface ProbeDependencies {
  readonly secrets: Secrets;
  /** The rest are what local mode and tests put in the place of AWS; `telemetry`, in that of Powertools. */
  readonly dynamodb?: DynamoDBClient;
  readonly mapping?: EventSourceMapping;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
  /** In place of connections to Crisp. */
  readonly pool?: CrispPool;
}

// Three requests in a row are the most that a look makes; none of them waits, and no consumer's share is touched.
const PACE = { ratePerSecond: 1, burst: 3 };

// No caller waits for the probe: it would rather know than go on without its notes.
const LEDGER_TIMES = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
};

/** The probe function: one look a minute, whatever the event says. */
export function createProbeHandler(config: ProbeConfig, dependencies: ProbeDependencies) {
  const { pool, clock = systemClock, dynamodb = new DynamoDBClient(LEDGER_TIMES) } = dependencies;
  const { secrets, redact } = createKnownSecrets(dependencies.secrets);
  const { mapping = createEventSourceMapping(config, clock) } = dependencies;
  const { telemetry, middlewares } = createFunctionTelemetry(dependencies.telemetry, {
    service: 'probe',
    logLevel: config.logLevel,
    namespace: config.metricsNamespace,
    redact,
  });
  const ledger = { client: dynamodb, table: config.ledgerTable };
  const probeCrisp = createProbeCrisp({
    notes: createDynamoBreakerNotes(ledger),
    quota: createDynamoQuotaNotes({ ...ledger, findKey: () => toTokenKey(secrets) }),
    mapping,
    crisp: openCrisp(config, { pace: PACE, secrets, clock, telemetry, pool }),
    clock,
    telemetry,
    websiteIds: config.websiteIds,
  });

  const handler = middy(async (_event: unknown): Promise<void> => probeCrisp()).use(middlewares);
  return withoutForeignErrors((event: unknown, context: Context) => handler(event, context));
}

interface ProbeContext extends BreakerContext {
  readonly quota: Pick<QuotaNotes, 'read' | 'noteRefused' | 'noteReset'>;
  /** The configured ones; for a look while it is not known what failed. */
  readonly websiteIds: readonly WebsiteId[];
}

/** For how long a pause that was read is still meant while the ledger is away. */
const REMEMBER_PAUSE_MS = 5 * 60_000;

interface Noted {
  readonly opening: NotedOpening | undefined;
  readonly row: Row;
}

type NextLook = Pick<Opening, 'holdOffSeconds' | 'nextProbeMs'>;

interface WhenFailing {
  readonly holdOffSeconds: number;
  note(error: JobError | undefined, next: NextLook): Promise<unknown>;
}

interface FoundReason {
  readonly error: JobError | undefined;
  readonly session: SessionRef | undefined;
  readonly next: NextLook;
  readonly replacesMs: number | undefined;
}

type ProbeCrisp = () => Promise<void>;

/**
 * One look, to be run every minute. Whether the queue is held is what the mapping says; the notes say why, and when to
 * look. Turns the mapping off for an operator's pause, and on as soon as Crisp answers where it failed. Never throws.
 */
export function createProbeCrisp(dependencies: Omit<ProbeContext, 'bestEffort'>): ProbeCrisp {
  const context = { ...dependencies, bestEffort: createBestEffort(dependencies.telemetry) };
  const { notes, bestEffort, mapping, crisp, clock, telemetry, websiteIds } = context;
  let pauseReadMs = Number.NEGATIVE_INFINITY;

  return async () => {
    const state = await turnOrLog(() => mapping.read());
    if (state === undefined) return;
    // On its own: no other note, however broken, may hide what an operator wants.
    const read = await bestEffort('read-pause', async () => ({ pause: await notes.readPause() }));
    if (read) pauseReadMs = read.pause ? clock.nowMs() : Number.NEGATIVE_INFINITY;
    if (read?.pause) return keepPaused(state);
    // While the ledger is away, a pause that was known just now keeps it from being turned on, and turns nothing off.
    if (clock.nowMs() - pauseReadMs < REMEMBER_PAUSE_MS && state === 'off') return logPaused();
    const noted = await bestEffort('read-breaker', readNotes);
    const isOn = state === 'off' ? await look(noted) : state === 'on';
    if (state === 'on') await forgetOpening(noted?.opening);
    logState(state, isOn, noted?.opening);
  };

  async function readNotes(): Promise<Noted> {
    const [opening, row] = await Promise.all([notes.readOpening(), notes.readRow()]);
    return { opening, row };
  }

  async function keepPaused(state: EventSourceMappingState): Promise<void> {
    if (state === 'on') await turnOrLog(() => mapping.turnOff());
    logPaused();
  }

  function logPaused(): void {
    telemetry.emit({ name: 'breaker-state', isOpen: false, isPaused: true });
  }

  /** True where the mapping was turned on again. */
  async function look(noted: Noted | undefined): Promise<boolean> {
    if (noted === undefined) {
      if (!isBlindLookDue(clock.nowMs())) return false;
      const found = await lookWithoutReason(crisp, websiteIds[0]);
      return settle(found, undefined, undefined);
    }
    const { opening, row } = noted;
    if (opening === undefined || opening.closing !== undefined) return lookForReason(row.healthy, opening);
    if (!isLookDue(opening, clock.nowMs())) return false;
    const found = await lookAtQuota(context, opening, () => lookAtCrisp(crisp, { opening, row, websiteIds }));
    const holdOffSeconds = doubleHoldOff(opening.holdOffSeconds);
    return settle(found, opening, { holdOffSeconds, note: (_error, next) => noteFailedLook(opening, next) });
  }

  /** It is off, and no note says why: it was turned by hand, or the note was lost. If Crisp fails now, that is why. */
  async function lookForReason(
    healthy: SessionRef | undefined,
    previous: NotedOpening | undefined,
  ): Promise<boolean> {
    const found = await lookWithoutReason(crisp, healthy?.websiteId ?? websiteIds[0]);
    return settle(found, undefined, {
      holdOffSeconds: FIRST_HOLD_OFF_SECONDS,
      note: (error, next) => noteReason({ error, session: healthy, next, replacesMs: previous?.openedMs }),
    });
  }

  async function settle(
    found: Look,
    opening: Opening | undefined,
    whenFailing: WhenFailing | undefined,
  ): Promise<boolean> {
    const { outcome } = found;
    const code = opening?.code ?? UNKNOWN;
    if (outcome !== 'failing') {
      telemetry.emit({ name: 'breaker-probed', code, outcome });
      return closeBreaker(context, { reason: outcome, code, opening });
    }
    const nowMs = clock.nowMs();
    const next = whenFailing && {
      holdOffSeconds: whenFailing.holdOffSeconds,
      nextProbeMs: Math.max(
        toNextProbeMs(nowMs, whenFailing.holdOffSeconds, found.error?.retryAfterMs),
        found.notBeforeMs ?? 0,
      ),
    };
    const logged = next && { nextLookSeconds: Math.ceil((next.nextProbeMs - nowMs) / 1000) };
    telemetry.emit({ name: 'breaker-probed', code, outcome, ...logged });
    if (next) await whenFailing?.note(found.error, next);
    return false;
  }

  function noteFailedLook({ openedMs, failedProbes }: Opening, next: NextLook) {
    return bestEffort('note-failed-probe', () =>
      notes.noteFailedProbe(openedMs, { ...next, failedProbes: failedProbes + 1 }),
    );
  }

  function noteReason({ error, session, next, replacesMs }: FoundReason) {
    const code = error?.code ?? UNKNOWN;
    const opening = {
      openedMs: clock.nowMs(),
      code,
      route: CONTROL_ROUTE,
      session,
      ...next,
      failedProbes: 0,
    };
    return bestEffort('note-opening', () => notes.noteOpening(opening, replacesMs));
  }

  /** It was turned on by hand: the note must not say otherwise for ever. A young one may just be on its way. */
  async function forgetOpening(opening: NotedOpening | undefined): Promise<void> {
    if (opening === undefined || opening.closing !== undefined || isHeld(opening, clock.nowMs())) return;
    const closing = { closedMs: clock.nowMs(), wasFalseAlarm: false };
    await bestEffort('note-closing', () => notes.noteClosing(opening.openedMs, closing));
  }

  function logState(state: EventSourceMappingState, isOn: boolean, opening: NotedOpening | undefined): void {
    const isNoted = opening !== undefined && opening.closing === undefined;
    const isOpen = state === 'changing' ? isNoted : !isOn;
    const code = state === 'absent' ? 'switch_absent' : isNoted ? opening.code : UNKNOWN;
    telemetry.emit({ name: 'breaker-state', isOpen, isPaused: false, ...(isOpen && { code }) });
  }

  async function turnOrLog<Result>(turn: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await turn();
    } catch (thrown) {
      telemetry.emit({ name: 'breaker-unchanged', code: toJobError(thrown).reason });
      return undefined;
    }
  }
}

/** In place of a code, where none was noted. */
const UNKNOWN = 'unknown';
