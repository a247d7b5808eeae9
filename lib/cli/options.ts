import { type DeadLetterFilter, parseCodeFilter } from '../dead-letters/filter.ts';
import { isRunStage, OperationError, RUN_STAGES } from '../errors.ts';
import { parseSessionId, parseWebsiteId, type SessionId, type SessionRef, type WebsiteId } from '../ids.ts';
import type { Operations } from '../operate/operations.ts';
import { chooseWebsite } from '../operate/website.ts';
import { toPrintable } from '../text.ts';
import {
  type CommandContext,
  flag,
  type Option,
  type Options,
  type OptionValues,
  toUsageError,
  value,
  values,
} from './command.ts';

const MESSAGE_ID = /^[\w-]{1,100}$/;

const DURATION = /^(\d{1,6})([smhd])$/;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

// A day, or a moment of one with its offset; without an offset it would mean another moment on another machine.
const DATE = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** How many rows a list shows to a person, unless they say otherwise. */
export const DEFAULT_ROWS = 20;

export const ROWS_OPTION = count({
  help: `show no more rows than that (default ${DEFAULT_ROWS}; all with --json); all are counted`,
  min: 0,
  max: 1_000_000,
  unit: 'rows',
});

/** Where an export goes. */
export const EXPORT_OPTIONS = {
  output: value({
    placeholder: 'FILE',
    help: 'a new file, for its owner alone (default -: standard output)',
    expected: 'a file',
    read: (text) => (text === '' ? undefined : text),
  }),
  force: flag('replace a file that exists'),
};

/** Which dead letters a command means. */
export const FILTER_OPTIONS = {
  id: values({
    placeholder: 'MESSAGE',
    help: 'of this message; may be given several times',
    expected: 'the id of a message',
    read: (text) => (MESSAGE_ID.test(text) ? text : undefined),
  }),
  code: value({
    placeholder: 'CODE',
    help: "with this code, or with a code that begins so: 'crisp_*'",
    expected: 'a code, or the beginning of one with a * behind it',
    read: parseCodeFilter,
  }),
  'failed-in': value({
    placeholder: 'STAGE',
    help: `that failed there: ${RUN_STAGES.join(', ')}`,
    expected: `one of ${RUN_STAGES.join(', ')}`,
    read: (text) => (isRunStage(text) ? text : undefined),
  }),
  website: value({
    placeholder: 'ID',
    help: 'of this website',
    expected: 'the id of a website',
    read: readWebsite,
  }),
  session: value({
    placeholder: 'SESSION',
    help: 'of this session: session_… or WEBSITE:session_…',
    expected: 'the id of a session',
    read: readSession,
  }),
  since: moment('dead since then or later: a date, or a duration before now'),
  before: moment('dead before then'),
  max: count({ help: 'look at no more messages than that', min: 1, max: 1_000_000, unit: 'messages' }),
} satisfies Options;

/** The filter that those options make; one without any admits all. */
export function toFilter(options: OptionValues<typeof FILTER_OPTIONS>): DeadLetterFilter {
  const { session } = options;
  return {
    messageIds: options.id,
    code: options.code,
    stage: options['failed-in'],
    websiteId: session?.websiteId ?? options.website,
    sessionId: session?.sessionId,
    sinceMs: options.since,
    beforeMs: options.before,
  };
}

/** As many runs of a session are shown where `--limit` is left out. */
export const DEFAULT_RUNS = 50;

/** The options of a command that is about one session. */
export const SESSION_OPTIONS = {
  website: value({
    placeholder: 'ID',
    help: 'of the session, where there are several websites',
    expected: 'the id of a website',
    read: readWebsite,
  }),
  limit: count({
    help: `the most runs to show (default ${DEFAULT_RUNS})`,
    min: 1,
    max: 10_000,
    unit: 'runs',
  }),
} satisfies Options;

/** The session that a command's only word names. Throws `OperationError`. */
export function findSession(
  { words, options, config }: CommandContext<Pick<typeof SESSION_OPTIONS, 'website'>>,
  { listKnownWebsites }: Pick<Operations, 'listKnownWebsites'>,
): Promise<SessionRef> {
  return withWebsite(readOnlyWord(words), {
    given: options.website,
    configured: config.websiteIds,
    known: listKnownWebsites,
  });
}

/** Throws `OperationError`: `usage`, `session_id_invalid`. */
function readOnlyWord([word, ...more]: readonly string[]) {
  if (word === undefined || more.length > 0) {
    throw toUsageError('say which session: session_… or WEBSITE:session_…');
  }
  return readSession(word);
}

interface CountRule {
  readonly help: string;
  readonly min: number;
  readonly max: number;
  /** What is counted: `messages`. */
  readonly unit: string;
}

/** A whole number within bounds, in digits alone: no sign, no `1e9`, no `1.5`. */
export function count({ help, min, max, unit }: CountRule): Option<number | undefined> {
  return value({
    placeholder: 'N',
    help,
    expected: `${min}–${max} ${unit}`,
    read(text) {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
  });
}

/** A moment in the past, epoch ms: a date (in UTC), or a duration before now. */
export function moment(help: string): Option<number | undefined> {
  return {
    placeholder: 'TIME',
    help,
    parse(texts, { name, nowMs }) {
      const [text, ...more] = texts;
      if (text === undefined) return undefined;
      if (more.length > 0) throw toUsageError(`${name} was given more than once`);
      const given = `${name} '${toPrintable(text)}'`;
      const atMs = readMoment(text, nowMs);
      if (atMs === undefined) {
        const examples = '2h, 3d, 2026-11-22T10:00Z';
        throw toUsageError(`${given} is not a date or duration; examples: ${examples}`);
      }
      if (atMs > nowMs) throw toUsageError(`${given} is in the future`);
      return atMs;
    },
  };
}

function readMoment(text: string, nowMs: number): number | undefined {
  const [, amount, unit = ''] = DURATION.exec(text) ?? [];
  if (amount !== undefined) return nowMs - Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  const [, day] = DATE.exec(text) ?? [];
  if (day === undefined || !isCalendarDay(day)) return undefined;
  const atMs = Date.parse(text);
  return Number.isFinite(atMs) ? atMs : undefined;
}

/** `Date` takes the 31st of February for a day in March. */
function isCalendarDay(day: string): boolean {
  const atMs = Date.parse(`${day}T00:00:00Z`);
  return Number.isFinite(atMs) && new Date(atMs).toISOString().startsWith(day);
}

/** The stage of a command that has nothing to do in local mode. Throws `OperationError` `usage`. */
export function requireStage(stage: string | undefined, command: string): string {
  if (stage !== undefined && stage !== 'local') return stage;
  throw toUsageError(
    `${command} needs --stage STAGE: local mode has its secrets in its environment or in .env`,
  );
}

/** A session as it was typed: with its website, or waiting for one. */
export interface TypedSession {
  readonly sessionId: SessionId;
  readonly websiteId: WebsiteId | undefined;
}

/** Reads `session_…` or `WEBSITE:session_…`. Throws `OperationError`: `session_id_invalid`, `website_id_invalid`. */
export function readSession(text: string): TypedSession {
  const colon = text.lastIndexOf(':');
  const sessionId = parseSessionId(text.slice(colon + 1));
  if (sessionId === undefined) {
    const message = `session_id_invalid: '${toPrintable(text)}' is not the id of a session, such as session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881`;
    throw new OperationError('session_id_invalid', message);
  }
  return { sessionId, websiteId: colon === -1 ? undefined : readWebsite(text.slice(0, colon)) };
}

/** Throws `OperationError` `website_id_invalid`. */
export function readWebsite(text: string): WebsiteId {
  const websiteId = parseWebsiteId(text);
  if (websiteId !== undefined) return websiteId;
  const message = `website_id_invalid: '${toPrintable(text)}' is not the id of a website, which is a UUID`;
  throw new OperationError('website_id_invalid', message);
}

interface WebsiteChoice {
  /** From `--website`. */
  readonly given: WebsiteId | undefined;
  /** From `CRISP_WEBSITE_IDS`; empty: all. */
  readonly configured: readonly WebsiteId[];
  /** Looks which have been seen. */
  readonly known: () => Promise<readonly WebsiteId[]>;
}

/**
 * Gives a session its website: its own, the one that was given, or the only one there is. Throws `OperationError`
 * `website_id_required` with the choices.
 */
export async function withWebsite(
  { sessionId, websiteId }: TypedSession,
  { given, configured, known }: WebsiteChoice,
): Promise<SessionRef> {
  const chosen = await chooseWebsite(websiteId ?? given, { configured, known });
  if ('websiteId' in chosen) return { websiteId: chosen.websiteId, sessionId };
  const { choices } = chosen;
  const which = choices.length > 0 ? `one of ${choices.join(', ')}` : 'none has been seen yet';
  throw new OperationError(
    'website_id_required',
    `website_id_required: say which website with --website ID (${which})`,
  );
}
