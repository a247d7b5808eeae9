import type { RedriveResult } from '../../use-cases/dead-letters/redrive-dead-letters.ts';
import { describeLook } from './describe-look.ts';
import { plural } from './plural.ts';

export interface RedriveDescription {
  readonly moved: number;
  /** False where something that was meant is left. */
  readonly isComplete: boolean;
  readonly sentences: readonly string[];
}

/** What a redrive did, for a person. */
export function describeRedrive(result: RedriveResult): RedriveDescription {
  switch (result.by) {
    case 'nothing':
      return {
        moved: 0,
        isComplete: result.matched === 0,
        sentences: ['Nothing moved.', ...describeLook(result)],
      };
    case 'move-task': {
      const { moved, left, arrived, wasCancelled } = result;
      const sentence = `${plural(moved, 'message')} moved, ${left} left, ${arrived} new since.`;
      const sentences = wasCancelled ? ['Cancelled.', sentence] : [sentence];
      return { moved, isComplete: left === 0 && !wasCancelled, sentences };
    }
    case 'enqueue':
      return describeEnqueued(result);
    default:
      return result satisfies never;
  }
}

function describeEnqueued(result: Extract<RedriveResult, { by: 'enqueue' }>): RedriveDescription {
  const { moved, duplicated, failed, exhausted, unreadable, interrupted, arrived } = result;
  const left = duplicated + failed + exhausted + unreadable + interrupted;
  const reasons: readonly (readonly [number, string])[] = [
    [exhausted, 'left: redriven too often within 24 hours (redrive_exhausted; --max-redrives N overrides)'],
    [unreadable, 'left: names no session; only `dlq redrive` without a filter moves it'],
    [failed, 'left: the sessions queue did not take it; run the redrive again'],
    [duplicated, 'enqueued, but not deleted here; the next redrive brings a harmless duplicate'],
    [interrupted, 'left: interrupted'],
  ];
  return {
    moved,
    isComplete: left === 0 && (result.ended === 'end' || result.ended === 'max'),
    sentences: [
      `${plural(moved, 'message')} moved, ${left} left, ${arrived} new since.`,
      ...reasons
        .filter(([count]) => count > 0)
        .map(([count, reason]) => `${plural(count, 'message')} ${reason}.`),
      ...describeLook(result),
    ],
  };
}
