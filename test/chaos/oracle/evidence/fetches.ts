import type { Content } from './content.ts';
import { isFields, joinPages, toContent } from './content.ts';
import type { EventsOf, Placed } from './evidence.ts';
import { readFields } from './read-body.ts';

/** What one run of the consumer read of one session. */
export interface Fetch {
  readonly instance: string;
  readonly sessionKey: string;
  /** When its first request arrived at Crisp. */
  readonly startMs: number;
  readonly endMs: number;
  readonly endIndex: number;
  /** Crisp's own cache or paging gave an answer that need not be what Crisp then knew. */
  readonly isDisturbed: boolean;
  /** Undefined where Crisp did not answer for the conversation and its messages. */
  readonly content: Content | undefined;
}

/** An instance has one batch at a time and a batch one run per session: what lies between two batches is one fetch. */
export function findFetches(of: EventsOf): Map<string, Fetch[]> {
  const open = new Map<string, Placed<'crisp-answered'>[]>();
  const fetches: Fetch[] = [];

  function close(instance: string): void {
    for (const [key, answers] of open) {
      if (answers[0]?.instance !== instance) continue;
      open.delete(key);
      fetches.push(toFetch(answers));
    }
  }
  const asked = findAsked(of);
  const answers = of('crisp-answered').filter(
    ({ by, sessionKey, index }) => by === 'consumer' && sessionKey && !asked.has(index),
  );
  const ends = [...of('batch-answered'), ...of('instance-killed')];
  for (const event of [...answers, ...ends].sort((a, b) => a.index - b.index)) {
    if (event.type !== 'crisp-answered') close(event.instance);
    else {
      const key = `${event.instance} ${event.sessionKey}`;
      open.set(key, [...(open.get(key) ?? []), event]);
    }
  }
  for (const rest of open.values()) fetches.push(toFetch(rest));
  fetches.sort((a, b) => a.startMs - b.startMs);
  return Map.groupBy(fetches, ({ sessionKey }) => sessionKey);
}

/** Answers about a healthy session to somebody who wanted to know whether others are served: part of no fetch. */
function findAsked(of: EventsOf): ReadonlySet<number> {
  const answers = of('crisp-answered');
  const told = of('line-written').filter(({ text }) => text.includes('"breaker-asked"'));
  return new Set(
    told.flatMap(({ by, text, index }) => {
      const { websiteId, sessionId, route } = JSON.parse(text);
      const sessionKey = `${websiteId}:${sessionId}`;
      // A profile is the conversation's: that was asked first.
      const routes = [route, ...(route === 'website/people/profile' ? ['website/conversation'] : [])];
      const answer = answers.findLast(
        (each) =>
          each.index < index &&
          each.instance === by &&
          each.sessionKey === sessionKey &&
          routes.includes(each.route),
      );
      return answer ? [answer.index] : [];
    }),
  );
}

/** A stale cache, and pages that change while they are read: what Crisp says then is true, and not the whole truth. */
const SAYS_OTHERWISE = new Set(['F39', 'F41']);

function toFetch(answers: readonly Placed<'crisp-answered'>[]): Fetch {
  const last = answers.at(-1);
  return {
    instance: last?.instance ?? '',
    sessionKey: last?.sessionKey ?? '',
    startMs: Math.min(...answers.map(({ atMs }) => atMs)),
    endMs: Math.max(...answers.map(({ endedMs }) => endedMs)),
    endIndex: last?.index ?? 0,
    isDisturbed: answers.some(({ fault }) => fault !== undefined && SAYS_OTHERWISE.has(fault)),
    content: readContent(answers),
  };
}

function readContent(answers: readonly Placed<'crisp-answered'>[]): Content | undefined {
  const inOrder = answers.toSorted((a, b) => a.atMs - b.atMs);
  const read = (route: string) =>
    inOrder.filter((each) => each.route === route).map(({ body }) => readFields(body ?? '')?.data);
  const conversation = read('website/conversation').findLast(isFields);
  const pages = read('website/conversation/messages').filter((page) => Array.isArray(page));
  return conversation && pages.length > 0 ? toContent(conversation, joinPages(pages)) : undefined;
}
