import { findPattern, type Violation } from '../source/find-pattern.ts';
import { type SourceFile, withoutSegments } from '../source/source-file.ts';

const SENDS = /\bSendMessage(?:Batch)?(?:Command|CommandInput)?\b|\bsendMessage(?:Batch)?\b/;
const DEAD_LETTER = /dlq|dead-?_?letter/gi;

/**
 * Only SQS moves messages to a dead-letter queue: a message that was sent there has no source queue to be redriven to.
 * So whatever sends messages knows no dead-letter queue.
 */
export function checkDeadLetterQueues(files: readonly SourceFile[]): Violation[] {
  return files
    .map(({ path, text }) => ({ path, text: withoutSegments(text, 'comment') }))
    .filter(({ text }) => SENDS.test(text))
    .flatMap((file) => findPattern(file, DEAD_LETTER, 'sends messages and knows a dead-letter queue'));
}
