import type { BreakerView } from '../breaker/pause.ts';
import { type SessionRef, toSessionKey } from '../ids.ts';
import { toOpenedFor } from '../ledger/breaker-notes.ts';
import type { Run } from '../ledger/runs.ts';
import type { Finding, FindingState } from '../operate/doctor/checks.ts';
import type { Observation, ObservationOutcome } from '../operate/doctor/observe.ts';
import { toMoment, toPrintable, toVisible } from '../text.ts';

/** Where a command's words go. */
export interface Output {
  /** To standard output; resolves once the reader has room for more. */
  write(text: string): Promise<void>;
  /** To standard error. A reader of standard output that has gone away has seen enough: then nothing is said any more. */
  warn(text: string): void;
  /** To standard error, whoever reads: why the command failed. */
  fail(text: string): void;
  /** How many columns a person has there; undefined where no terminal shows it. */
  width?(stream: 'stdout' | 'stderr'): number | undefined;
}

/** The same output for people: lines are broken where the terminal ends, but for what `isData` on standard output. */
export function fitToTerminal(output: Output, { isData = false } = {}): Output {
  const fold = (text: string, stream: 'stdout' | 'stderr') => {
    const width = output.width?.(stream);
    return width === undefined ? text : foldLines(text, width);
  };
  return {
    ...output,
    write: (text) => output.write(isData ? text : fold(text, 'stdout')),
    warn: (text) => output.warn(fold(text, 'stderr')),
    fail: (text) => output.fail(fold(text, 'stderr')),
  };
}

const LEAST_WIDTH = 40;
const INDENT = '    ';
// Commands stay in one piece, so that they can be pasted: a line that is one, and what stands between backticks.
const COMMAND_LINE = /^\s*(?:[$→]\s*)?(?:npx|npm|node|aws|crisp-enrich)\s/;
const WORD = /`[^`]*`[^\s`]*|[^\s`]+|`/g;

/** Breaks lines that are longer than that between words, and goes on with an indent. A word is broken nowhere. */
export function foldLines(text: string, width: number): string {
  const columns = Math.max(LEAST_WIDTH, width);
  return text
    .split('\n')
    .map((line) => (toWidth(line) <= columns || COMMAND_LINE.test(line) ? line : foldLine(line, columns)))
    .join('\n');
}

function foldLine(line: string, columns: number): string {
  const lines: string[] = [];
  let current = '';
  let endOfLast = 0;
  for (const { 0: word, index } of line.matchAll(WORD)) {
    // What is between two words, the padding of a table too.
    const gap = line.slice(endOfLast, index);
    endOfLast = index + word.length;
    if (current.trim() === '' || toWidth(current) + toWidth(gap) + toWidth(word) <= columns) {
      current += gap + word;
    } else {
      lines.push(current);
      current = INDENT + word;
    }
  }
  return [...lines, current].join('\n');
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60]/u;

/** How many columns a text takes: East Asian characters and emoji take two. */
function toWidth(text: string): number {
  return [...text].reduce((width, character) => width + (WIDE.test(character) ? 2 : 1), 0);
}

/** Whether deliveries are held, for what, and when the next look comes; in a line of its own for which session. */
export function formatDeliveries({ deliveries, isOpen, opening }: BreakerView, nowMs: number): string {
  const state = deliveries;
  if (!opening || opening.closing || (!isOpen && deliveries !== 'unknown')) return `${state}\n`;
  const since = formatDuration(nowMs - opening.openedMs);
  const next = formatDuration(opening.nextProbeMs - nowMs);
  const session = toOpenedFor(opening);
  const about = session ? `opened for: ${toSessionKey(session)}${toRoute(opening.route)}\n` : '';
  return `${state}; held for ${since} because of ${toPrintable(opening.code)}, next look in ${next}\n${about}`;
}

/** The newest opening, in the trace of the session that it is about; nothing in any other's. */
export function formatOwnOpening({ opening }: BreakerView, session: SessionRef): string {
  if (!opening || !isAbout(opening, session)) return '';
  const until = opening.closing ? `until ${toMoment(opening.closing.closedMs)}` : 'until now';
  const refuted = opening.closing?.wasFalseAlarm
    ? '; others were served, so its failures are its own since'
    : '';
  const code = toPrintable(opening.code);
  return `held the queue: from ${toMoment(opening.openedMs)} ${until}, with ${code}${refuted}\n`;
}

export function toOpeningJson({ opening }: BreakerView) {
  if (!opening) return null;
  const session = toOpenedFor(opening);
  return {
    code: opening.code,
    route: opening.route ?? null,
    website_id: session?.websiteId ?? null,
    session_id: session?.sessionId ?? null,
    opened_at: toMoment(opening.openedMs) ?? null,
    hold_off_seconds: opening.holdOffSeconds,
    next_probe_at: toMoment(opening.nextProbeMs) ?? null,
    closed_at: toMoment(opening.closing?.closedMs) ?? null,
    was_false_alarm: opening.closing?.wasFalseAlarm ?? null,
  };
}

function isAbout(opening: NonNullable<BreakerView['opening']>, session: SessionRef): boolean {
  const openedFor = toOpenedFor(opening);
  return openedFor !== undefined && toSessionKey(openedFor) === toSessionKey(session);
}

function toRoute(route: string | undefined): string {
  return route === undefined ? '' : ` on ${toPrintable(route)}`;
}

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
];

/** A stretch of time in its two largest units, `3d 4h` or `12s`; `-` where it is not known. */
export function formatDuration(ms: number | undefined): string {
  if (ms === undefined) return '-';
  const seconds = Math.max(0, Math.round(ms / 1000));
  const first = UNITS.findIndex(([, length]) => seconds >= length);
  const [name, length] = UNITS[first] ?? ['s', 1];
  const [nextName, nextLength] = UNITS[first + 1] ?? ['s', 1];
  const rest = Math.floor((seconds % length) / nextLength);
  const head = `${Math.floor(seconds / length)}${name}`;
  return name === 's' || rest === 0 ? head : `${head} ${rest}${nextName}`;
}

const FINDING_WORDS: Readonly<Record<FindingState, string>> = {
  ok: 'ok',
  warn: 'warning',
  fail: 'FAILED',
  skipped: 'skipped',
};

/** A finding for a person, with its remedy on a line of its own. */
export function formatFinding({ check, state, message, remedy }: Finding): string {
  const line = `${FINDING_WORDS[state].padEnd(7)}  ${check}: ${toPrintable(message, 500)}\n`;
  return remedy === undefined ? line : `${line}         → ${toPrintable(remedy, 500)}\n`;
}

const OBSERVATION_WORDS: Readonly<Record<ObservationOutcome, string>> = {
  seen: 'seen',
  not_seen: 'not seen',
  not_tried: 'not tried',
};

/** An observation for a person. */
export function formatObservation({ question, outcome, answer, isProblem }: Observation): string {
  const remark = isProblem ? ' (the pipeline relies on the opposite: please report it)' : '';
  return `${OBSERVATION_WORDS[outcome].padEnd(9)}  ${question}: ${toPrintable(answer, 200)}${remark}\n`;
}

const COLUMNS = [20, 9, 7, 8, 5, 8];

export const RUN_HEAD = formatRow(
  ['STARTED', 'OUTCOME', 'ATTEMPT', 'RECEIVES', 'CALLS', 'TOOK', 'WHY'],
  COLUMNS,
);

/** A run as a row of the log. */
export function formatRun(run: Run): string {
  return formatRow(
    [
      toMoment(run.startedMs) ?? '-',
      run.outcome,
      String(run.attempt),
      String(run.receiveCount),
      String(run.apiCalls),
      `${run.durationMs} ms`,
      toReason(run),
    ],
    COLUMNS,
  );
}

function toReason({ code, reason, stage, status, delaySeconds }: Run): string {
  const parts = [
    code && toPrintable(code),
    stage && `in ${stage}`,
    status !== undefined && `HTTP ${status}`,
    delaySeconds !== undefined && `again in ${delaySeconds} s`,
    reason && `(${toSentence(reason)})`,
  ];
  return parts.filter(Boolean).join(' ');
}

/** The width of each column but the last one, which takes what is left. */
type Columns = readonly number[];

/** A line of a table whose columns are fixed, so that rows can be shown as they come. */
export function formatRow(cells: readonly string[], columns: Columns): string {
  const padded = cells.map((cell, index) => cell.padEnd(columns[index] ?? 0));
  return `${padded.join('  ').trimEnd()}\n`;
}

/** A run as programs read it. */
export function toRunJson(run: Run) {
  return {
    started_at: toMoment(run.startedMs) ?? null,
    outcome: run.outcome,
    message_id: run.messageId,
    request_id: run.requestId,
    attempt: run.attempt,
    receives: run.receiveCount,
    api_calls: run.apiCalls,
    duration_ms: run.durationMs,
    code: run.code ?? null,
    failed_in: run.stage ?? null,
    http_status: run.status ?? null,
    hint: run.reason ?? null,
    again_in_seconds: run.delaySeconds ?? null,
  };
}

const MAX_LENGTH = 160;

/** A reason as one line of a terminal: what cannot be seen is escaped, and what is long is clipped. */
export function toSentence(text: string, maxLength = MAX_LENGTH): string {
  const characters = [...toVisible(text)];
  return characters.length > maxLength ? `${characters.slice(0, maxLength).join('')}…` : characters.join('');
}
