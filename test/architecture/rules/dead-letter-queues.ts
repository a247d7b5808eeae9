import { findPattern, type Violation } from '../source/find-pattern.ts';
import { type SourceFile, withoutSegments } from '../source/source-file.ts';

const SENDS = /\bSendMessage(?:Batch)?(?:Command|CommandInput)?\b|\bsendMessage(?:Batch)?\b/;
const DEAD_LETTER = /dlq|dead-?_?letter/gi;

// What makes a sender of a queue's URL: our own adapters that send.
const SENDER = /\bcreate(?:Sqs)?Session(?:Queue|Batches)\s*\(/g;

/**
 * Only SQS moves messages to a dead-letter queue: a message that was sent there has no source queue to be redriven to.
 * So whatever sends messages knows no dead-letter queue.
 */
export function checkDeadLetterQueues(files: readonly SourceFile[]): Violation[] {
  return files
    .map(({ path, text }) => ({ path, text: withoutSegments(text, 'comment') }))
    .flatMap((file) => [
      ...(SENDS.test(file.text)
        ? findPattern(file, DEAD_LETTER, 'sends messages and knows a dead-letter queue')
        : []),
      ...findPattern(
        { path: file.path, text: onlySenders(file.text) },
        DEAD_LETTER,
        'makes a sender of a dead-letter queue',
      ),
    ]);
}

/** The arguments of every sender that is made; blanks take the place of the rest, so that lines stay. */
function onlySenders(text: string): string {
  const blank = (part: string) => part.replace(/[^\n]/g, ' ');
  let kept = '';
  for (const match of text.matchAll(SENDER)) {
    const from = match.index + match[0].length;
    kept += blank(text.slice(kept.length, from)) + text.slice(from, findEnd(text, from));
  }
  return kept;
}

/** Where the parenthesis that was opened before `from` is closed. */
function findEnd(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return text.length;
}
