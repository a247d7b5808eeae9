import * as z from 'zod';
import { type DeadLetterFilter, parseCodeFilter } from '../dead-letters/filter.ts';
import { previewRedrive, type RedriveOptions, redriveDeadLetters } from '../dead-letters/redrive.ts';
import { DEFAULT_MAX_REDRIVES } from '../dead-letters/redrive-limit.ts';
import { RUN_STAGES } from '../errors.ts';
import { parseSessionId, parseWebsiteId, type SessionRef } from '../ids.ts';
import { RECENT_DAYS, type Run } from '../ledger/runs.ts';
import { toRedriveJson, toRunJson, toSurveyJson } from '../operate/json.ts';
import { readStatus, toStatusJson } from '../operate/status.ts';
import type { ApiContext } from './context.ts';
import type { ApiAnswer } from './conversation.ts';
import { ApiProblem } from './problem.ts';

export const MAX_RUNS = 1000;
const DEFAULT_RUNS = 50;

const anyObject = z.looseObject({});

export const runsAnswerSchema = z.object({
  runs: z
    .array(
      z.looseObject({
        website_id: z.string().nullable(),
        session_id: z.string().nullable(),
        started_at: z.string().nullable(),
        outcome: z.string(),
        message_id: z.string(),
        attempt: z.number().int(),
        api_calls: z.number().int(),
        duration_ms: z.number(),
        code: z.string().nullable(),
      }),
    )
    .meta({ description: 'Newest first.' }),
  covers_days: z.number().int().meta({ description: 'How far back runs are listed, at least.' }),
});

const SESSION_DAYS = 30;

/** The runs of a session; without one, of all sessions. Newest first. */
export async function readRuns(
  { deadLetters: { runHistory }, clock }: ApiContext,
  { session, limit = DEFAULT_RUNS }: { readonly session?: SessionRef; readonly limit?: number | undefined },
): Promise<ApiAnswer> {
  const runs = session
    ? await runHistory.ofSession(session, { limit })
    : await runHistory.recent({ limit, nowMs: clock.nowMs() });
  const answer = { runs: runs.map(toNamedRun), covers_days: session ? SESSION_DAYS : RECENT_DAYS };
  return { status: 200, body: JSON.stringify(answer) };
}

function toNamedRun(run: Run) {
  const { websiteId = null, sessionId = null } = run.session ?? {};
  return { website_id: websiteId, session_id: sessionId, ...toRunJson(run) };
}

export const statusAnswerSchema = z.object({
  stage: z.string(),
  queues: z.array(
    z.looseObject({
      name: z.string(),
      visible: z.number().int().nullable(),
      in_flight: z.number().int().nullable(),
      delayed: z.number().int().nullable(),
    }),
  ),
  deliveries: z.enum(['on', 'off', 'changing', 'absent', 'unknown']),
  breaker: anyObject,
  redrive: anyObject.nullable(),
  not_read: z.array(z.object({ what: z.string(), reason: z.string() })),
});

/** How the stage stands. */
export async function readStageStatus(context: ApiContext): Promise<ApiAnswer> {
  const { config, readQueues, readBreaker, deadLetters, clock } = context;
  const status = await readStatus({
    readQueues,
    readBreaker,
    latestMoveTask: () => deadLetters.moveTasks.latest(),
    readQuota: () => deadLetters.quota.read(clock.nowMs()),
    readRecentRuns: (limit) => deadLetters.runHistory.recent({ limit, nowMs: clock.nowMs() }),
    clock,
  });
  return { status: 200, body: JSON.stringify({ stage: config.stage, ...toStatusJson(status) }) };
}

const moment = z.iso.datetime({ offset: true });

export const redriveRequestSchema = z
  .strictObject({
    message_ids: z
      .array(z.string().regex(/^[\w-]{1,100}$/))
      .min(1)
      .max(1000)
      .optional(),
    code: z
      .string()
      .refine(
        (text) => parseCodeFilter(text) !== undefined,
        'expected a code, or the beginning of one with a * behind it',
      )
      .optional()
      .meta({ example: 'crisp_*' }),
    failed_in: z.enum(RUN_STAGES).optional(),
    website_id: z
      .string()
      .refine((text) => parseWebsiteId(text) !== undefined, 'expected a UUID')
      .optional(),
    session_id: z
      .string()
      .refine((text) => parseSessionId(text) !== undefined, 'expected session_…')
      .optional(),
    since: moment.optional().meta({ description: 'Dead since then or later.' }),
    before: moment.optional(),
    max: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .meta({ description: 'The most messages to look at.' }),
    rate_per_second: z
      .number()
      .int()
      .min(1)
      .max(500)
      .optional()
      .meta({ description: 'Messages in a second; 1 if left out.' }),
    max_redrives: z.number().int().min(1).max(1000).optional(),
    dry_run: z
      .boolean()
      .optional()
      .meta({ description: 'True: says what would be moved, and moves nothing.' }),
  })
  .meta({ description: 'Which dead letters; what is left out admits all.' });

export const redriveAnswerSchema = z
  .looseObject({
    moved: z.number().int().optional(),
    left: z.number().int().optional(),
    ended: z.string().optional(),
  })
  .meta({ description: 'As the command line has it: `crisp-enrich dlq redrive --json`.' });

/** A call answers within half a minute; what is left by then is moved by the next one. */
const REDRIVE_DEADLINE_MS = 20_000;
// Only what was looked through can be left to SQS: of a larger queue something is moved in the rest of the time.
const LOOK_DEADLINE_MS = 10_000;

/** Brings dead letters back, as many as go in the time that a caller waits. */
export async function redrive(context: ApiContext, request: unknown): Promise<ApiAnswer> {
  const { clock, deadLetters } = context;
  const read = redriveRequestSchema.safeParse(request ?? {});
  if (!read.success) throw toInvalidRequest(read.error);
  const { dry_run: isDryRun, rate_per_second: ratePerSecond = 1, max_redrives, max } = read.data;
  const [late, lookedLong] = [new AbortController(), new AbortController()];
  const clear = clock.timer(REDRIVE_DEADLINE_MS, () => late.abort());
  const clearLook = clock.timer(LOOK_DEADLINE_MS, () => lookedLong.abort());
  const options: RedriveOptions = {
    filter: toFilter(read.data),
    ratePerSecond,
    maxRedrives: max_redrives ?? DEFAULT_MAX_REDRIVES,
    max,
    signal: late.signal,
    lookSignal: lookedLong.signal,
  };
  try {
    const answer = isDryRun
      ? { dry_run: true, ...toSurveyJson(await previewRedrive(deadLetters, options)) }
      : toRedriveJson(await redriveDeadLetters(deadLetters, options));
    return { status: 200, body: JSON.stringify(answer) };
  } finally {
    clear();
    clearLook();
  }
}

function toFilter(request: z.infer<typeof redriveRequestSchema>): DeadLetterFilter {
  const { message_ids, code, failed_in, website_id, session_id, since, before } = request;
  return {
    messageIds: message_ids,
    code: code === undefined ? undefined : parseCodeFilter(code),
    stage: failed_in,
    websiteId: parseWebsiteId(website_id),
    sessionId: parseSessionId(session_id),
    sinceMs: since === undefined ? undefined : Date.parse(since),
    beforeMs: before === undefined ? undefined : Date.parse(before),
  };
}

/** Names the fields that are wrong; what stands in them is not repeated. */
export function toInvalidRequest({ issues }: z.ZodError): ApiProblem {
  const errors = issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  return new ApiProblem('invalid_request', {
    detail: 'the request is not as the document says',
    fields: { errors },
  });
}
