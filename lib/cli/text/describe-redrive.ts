import type { RedriveResult } from '../../use-cases/dead-letters/redrive-dead-letters.ts';
import { isWholeLook, type Unseen } from '../../use-cases/dead-letters/unseen-messages.ts';
import { describeLook } from './describe-look.ts';
import { plural } from './plural.ts';

export interface RedriveDescription {
  readonly moved: number;
  /** False where something that was meant is left. */
  readonly isComplete: boolean;
  /** True where something is left that ought to have been moved, and not because a rule or a reader keeps it. */
  readonly hasFailed: boolean;
  readonly sentences: readonly string[];
}

/** What a redrive did, for a person. */
export function describeRedrive(result: RedriveResult): RedriveDescription {
  switch (result.by) {
    case 'nothing':
      return {
        moved: 0,
        isComplete: result.matched === 0 && isWholeLook(result),
        hasFailed: false,
        sentences: ['Nothing moved.', ...describeLook(result)],
      };
    case 'move-task': {
      const { moved, left, arrived, wasCancelled, unseen, ledgerFailure } = result;
      const sentence = `${plural(moved, 'message')} moved, ${left} left, ${arrived} new since.`;
      const look = { ended: 'end' as const, seen: moved, unseen: withoutMoved(unseen), ledgerFailure };
      return {
        moved,
        isComplete: left === 0 && !wasCancelled && look.unseen.count === 0,
        hasFailed: left > 0 || wasCancelled,
        sentences: [...(wasCancelled ? ['Cancelled.'] : []), sentence, ...describeLook(look)],
      };
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
    [
      unreadable,
      'left: names no session, or no website where there are several; only `dlq redrive` without a filter or --max moves it',
    ],
    [failed, 'left: the sessions queue did not take it; run the redrive again'],
    [duplicated, 'enqueued, but not deleted here; the next redrive brings a harmless duplicate'],
    [interrupted, 'left: interrupted'],
  ];
  return {
    moved,
    isComplete: left === 0 && isWholeLook(result),
    hasFailed: failed + duplicated + interrupted > 0,
    sentences: [
      `${plural(moved, 'message')} moved, ${left} left, ${arrived} new since.`,
      ...reasons
        .filter(([count]) => count > 0)
        .map(([count, reason]) => `${plural(count, 'message')} ${reason}.`),
      ...describeLook(result),
    ],
  };
}

/** What waits behind ten others of its session was not seen, and is moved with them; what is hidden is not. */
function withoutMoved(unseen: Unseen): Unseen {
  const isLocked =
    unseen.waitingReason === 'behind_hidden' || unseen.waitingReason === 'behind_ten_or_hidden';
  return isLocked ? unseen : { ...unseen, count: unseen.hidden, waiting: 0, waitingReason: undefined };
}
