import type { Evidence } from '../evidence/evidence.ts';
import type { HistoryEvent } from '../history.ts';
import type { Violation } from '../violation.ts';

/** I7: no secret and no text of a conversation in what people, queues or the ledger see; no secret in a record either. */
export function checkNoLeak({ history, terms }: Evidence): Violation[] {
  const secrets = toPattern(terms.secrets);
  const everything = toPattern([...terms.secrets, ...terms.canaries]);
  return history.flatMap((event) => {
    const place = findPlace(event);
    if (!place) return [];
    const pattern = place.mayHoldContent ? secrets : everything;
    return pattern?.test(place.text)
      ? [{ invariant: 'I7', atMs: event.atMs, text: `${place.name} holds what must stay secret` }]
      : [];
  });
}

interface Place {
  readonly name: string;
  readonly text: string;
  readonly mayHoldContent: boolean;
}

function findPlace(event: HistoryEvent): Place | undefined {
  switch (event.type) {
    case 'line-written':
      return { name: `a line of ${event.by}`, text: event.text, mayHoldContent: false };
    case 'note-written':
      return { name: 'a note in the ledger', text: event.text, mayHoldContent: false };
    case 'message-sent':
      // A stranger may put anything into the queue.
      if (event.by === 'stranger') return undefined;
      return { name: `message ${event.messageId}`, text: event.body, mayHoldContent: false };
    case 'hook-answered':
      return { name: `the answer to delivery ${event.deliveryId}`, text: event.body, mayHoldContent: false };
    case 'object-put':
      return { name: `the object ${event.key}`, text: event.body, mayHoldContent: true };
    case 'notice-published':
      return { name: 'a notice', text: event.body, mayHoldContent: true };
    default:
      return undefined;
  }
}

/** Each text as it is, in JSON, in a URL, and in base64 wherever it begins. */
function toPattern(texts: readonly string[]): RegExp | undefined {
  const spellings = texts.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    ...[0, 1, 2].map((offset) => toBase64Core(text, offset)),
  ]);
  const alternatives = [...new Set(spellings)]
    .filter((each) => each.length >= SHORTEST)
    .map(escapeForPattern);
  return alternatives.length === 0 ? undefined : new RegExp(alternatives.join('|'), 'i');
}

// Shorter ones would be found by chance.
const SHORTEST = 6;

// What does not depend on the neighbours: the first and last characters are left out where they share bits with them.
function toBase64Core(text: string, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString('base64');
  const start = offset === 0 ? 0 : 4;
  return encoded.slice(start, -4);
}

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
