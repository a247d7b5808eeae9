import type { EventsOf } from './evidence.ts';

/** An answer to the consumer's question for a conversation itself. */
export interface Look {
  readonly atMs: number;
  readonly index: number;
  /** `unknown`: Crisp answered neither with the conversation nor that there is none. */
  readonly found: 'present' | 'missing' | 'unknown';
  readonly isBrokenOff: boolean;
}

export function findLooks(of: EventsOf): Map<string, Look[]> {
  const looks = of('crisp-answered').flatMap(({ by, route, sessionKey, status, atMs, index }) =>
    by === 'consumer' && route === 'website/conversation' && sessionKey !== undefined
      ? [{ sessionKey, atMs, index, found: toFound(status), isBrokenOff: status === 0 }]
      : [],
  );
  return Map.groupBy(looks, ({ sessionKey }) => sessionKey);
}

function toFound(status: number): Look['found'] {
  if (status === 404 || status === 410) return 'missing';
  return status === 200 ? 'present' : 'unknown';
}
