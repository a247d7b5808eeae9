import { toPrintable } from '../../core/text/to-printable.ts';
import { toUsageError } from '../usage-error.ts';
import type { Option } from './option.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const DURATION = /^(\d{1,6})([smhd])$/;
// A day, or a moment of one with its offset; without an offset it would mean another moment on another machine.
const DATE = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

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
