import type { CrispObject } from '../crisp/crisp-object.ts';
import { isCrispObject } from '../crisp/is-crisp-object.ts';
import { toTimestampMs } from '../crisp/message-key.ts';
import type { EnrichedRecord } from './schema.ts';

type Metrics = EnrichedRecord['metrics'];

/** Counts and durations (ms) of a conversation; a message that is no object counts in `messages` alone. */
export function toMetrics(messages: readonly unknown[]): Metrics {
  const known = messages.filter(isCrispObject);
  const spoken = known.filter((message) => message.type !== 'note' && message.type !== 'event');

  return {
    messages: messages.length,
    by_visitor: spoken.filter(isByVisitor).length,
    by_operator: spoken.filter(isByOperator).length,
    notes: known.filter((message) => message.type === 'note').length,
    first_response_ms: toFirstResponseMs(spoken),
    duration_ms: toDurationMs(known),
  };
}

// A bot's answer is no response: `automated` marks bots and campaigns. By time, not by place in the list.
function toFirstResponseMs(spoken: readonly CrispObject[]): number | null {
  const askedMs = earliest(toTimestamps(spoken.filter(isByVisitor)));
  if (askedMs === undefined) return null;

  const answers = spoken.filter((message) => isByOperator(message) && message.automated !== true);
  const answeredMs = earliest(toTimestamps(answers).filter((timestamp) => timestamp > askedMs));
  return answeredMs === undefined ? null : answeredMs - askedMs;
}

function toDurationMs(known: readonly CrispObject[]): number | null {
  const timestamps = toTimestamps(known);
  const firstMs = earliest(timestamps);
  return firstMs === undefined ? null : timestamps.reduce((a, b) => Math.max(a, b)) - firstMs;
}

function earliest(timestamps: readonly number[]): number | undefined {
  // Not Math.min(...timestamps): tens of thousands of arguments overflow the stack.
  return timestamps.length === 0 ? undefined : timestamps.reduce((a, b) => Math.min(a, b));
}

function toTimestamps(messages: readonly CrispObject[]): number[] {
  return messages.map(toTimestampMs).filter((timestamp) => timestamp !== undefined);
}

function isByVisitor(message: CrispObject): boolean {
  return message.from === 'user';
}

function isByOperator(message: CrispObject): boolean {
  return message.from === 'operator';
}
