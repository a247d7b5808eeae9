import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CrispEvent } from '../model/event.ts';
import { type JournalLine, toLineKey } from './journal-line.ts';

export interface PendingDelivery {
  readonly id: string;
  readonly event: CrispEvent;
}

export interface Journal {
  /** How often the simulator was started on this journal before. */
  readonly generation: number;
  /** What was there when it was opened; one line for each thing. */
  readonly lines: readonly JournalLine[];
  /** Written before it returns, so that a killed process loses nothing. Throws where the disk refuses. */
  append(line: JournalLine): void;
}

const FILE = 'simulator.jsonl';

/**
 * Opens the journal of a folder, and rewrites it without what newer lines made obsolete. A last line that a killed
 * process left unfinished never happened.
 */
export function openJournal(folder: string): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, FILE);
  const written = existsSync(file) ? readLines(readFileSync(file, 'utf8')) : [];
  const generation = written.filter(({ kind }) => kind === 'started').length;
  const lines = toNewest(written);
  const starts = Array.from({ length: generation + 1 }, (): JournalLine => ({ kind: 'started' }));

  // Renamed into place: whenever the process is killed, one whole journal is there.
  writeFileSync(`${file}.new`, [...starts, ...lines].map(toText).join(''), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return { generation, lines, append: (line) => appendFileSync(file, toText(line)) };
}

function readLines(text: string): JournalLine[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  // Lines that this very module wrote.
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JournalLine]));
}

function toNewest(lines: readonly JournalLine[]): JournalLine[] {
  const newest = new Map<string, JournalLine>();
  for (const line of lines) newest.set(toLineKey(line), line);
  return [...newest.values()].filter((line) => line.kind !== 'started' && toContent(line) !== null);
}

function toContent(line: Exclude<JournalLine, { kind: 'started' }>): unknown {
  return line.kind === 'delivery' ? line.event : line.stored;
}

function toText(line: JournalLine): string {
  return `${JSON.stringify(line)}\n`;
}
