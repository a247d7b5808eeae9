import { isCrispObject } from '../crisp/is-crisp-object.ts';
import { describeAnswer } from './describe-answer.ts';
import type { Observation } from './observation.ts';
import type { SurveyAnswer } from './survey-answer.ts';

/** Three pages of one conversation; undefined where one was not asked for. */
export interface MessagePages {
  readonly newest: SurveyAnswer | undefined;
  /** `timestamp_before` the newest message of that page. */
  readonly beforeNewest: SurveyAnswer | undefined;
  /** `timestamp_before` the oldest message of that page. */
  readonly beforeOldest: SurveyAnswer | undefined;
}

/** What three pages of messages tell of size, status, order and boundary. */
export function observeMessages(pages: MessagePages): Observation[] {
  return [toSize(pages), toStatus(pages), toOrder(pages), toBoundary(pages)];
}

/** The timestamps of a page in its own order; those that are none are left out. */
export function readTimestamps(answer: SurveyAnswer | undefined): readonly number[] {
  const messages: readonly unknown[] =
    answer?.outcome === 'data' && Array.isArray(answer.data) ? answer.data : [];
  return messages.flatMap((message) => {
    const timestamp = isCrispObject(message) ? message.timestamp : undefined;
    return typeof timestamp === 'number' && Number.isSafeInteger(timestamp) && timestamp > 0
      ? [timestamp]
      : [];
  });
}

function toSize({ newest, beforeOldest }: MessagePages): Observation {
  const question = 'messages of a page';
  const count = readTimestamps(newest).length;
  if (count === 0) return toUnseen(question, newest);
  // Only a page that is followed by an older one has its full size.
  const isFull = readTimestamps(beforeOldest).length > 0;
  return {
    question,
    outcome: isFull ? 'seen' : 'not_seen',
    answer: isFull ? `${count}` : `${count}, which may be all`,
  };
}

function toStatus({ newest, beforeOldest }: MessagePages): Observation {
  const question = '206 while there are older messages, else 200';
  if (newest?.outcome !== 'data' || beforeOldest?.outcome !== 'data') return toUnseen(question, beforeOldest);
  const older = readTimestamps(beforeOldest).length;
  const answer = `${newest.status}, and ${older === 0 ? 'nothing' : 'more'} was older`;
  if (newest.hasMore === older > 0) return { question, outcome: 'seen', answer };
  // 206 at the end costs a request; 200 before the end would cost messages, were it believed at once.
  return { question, outcome: 'seen', answer, isProblem: !newest.hasMore };
}

function toOrder({ newest }: MessagePages): Observation {
  const question = 'order of the messages of a page';
  const timestamps = readTimestamps(newest);
  const [first = 0] = timestamps;
  const last = timestamps.at(-1) ?? 0;
  if (first === last) return toUnseen(question, newest);
  return { question, outcome: 'seen', answer: first < last ? 'oldest first' : 'newest first' };
}

function toBoundary({ newest, beforeNewest }: MessagePages): Observation {
  const question = 'timestamp_before is strict';
  const edge = Math.max(...readTimestamps(newest));
  if (beforeNewest?.outcome !== 'data' || edge <= 0) return toUnseen(question, beforeNewest);
  const isInclusive = readTimestamps(beforeNewest).includes(edge);
  return {
    question,
    outcome: 'seen',
    answer: isInclusive ? 'no: a message of that very moment came' : 'yes',
  };
}

function toUnseen(question: string, answer: SurveyAnswer | undefined): Observation {
  if (!answer) return { question, outcome: 'not_tried', answer: 'no conversation to try it on' };
  return { question, outcome: 'not_seen', answer: `${describeAnswer(answer)}: too few messages to tell` };
}
