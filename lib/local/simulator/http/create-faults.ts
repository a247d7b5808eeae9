import type { Random } from '../random.ts';

/** What a fault does to a request. */
export type FaultEffect =
  /** Crisp's envelope with this status and reason. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly reason: string;
      readonly data?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Any body at all: HTML, a redirect, compressed bytes, another session's conversation. */
  | {
      readonly kind: 'body';
      readonly status: number;
      readonly body: string;
      readonly encoding?: 'utf8' | 'base64';
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The right answer with `error: true` in its envelope, on its own status. */
  | { readonly kind: 'error-flag'; readonly reason: string }
  /** The right answer, late. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** The right answer, a few bytes at a time. */
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
  /** The right answer, cut in half but ended properly. */
  | { readonly kind: 'truncate' }
  /** The connection is reset. */
  | { readonly kind: 'reset'; readonly at: 'before-headers' | 'mid-body' }
  /** Never answered. */
  | { readonly kind: 'hang' };

export interface Fault {
  readonly effect: FaultEffect;
  /** A route's name; default every route. */
  readonly route?: string;
  readonly sessionId?: string;
  /** How many requests it meets; default 1. */
  readonly times?: number;
  /** How many fitting requests pass before it starts; default 0. */
  readonly after?: number;
  /** Probability of meeting a fitting request, drawn from the seed; default 1. */
  readonly chance?: number;
}

export interface Faults {
  /** Returns a function that withdraws what is left of it. */
  add(fault: Fault): () => void;
  clear(): void;
  /** The effect that meets this request, if any; uses it up. */
  take(request: { route: string; sessionId?: string | undefined }): FaultEffect | undefined;
  /** What is still to come. */
  pending(): readonly Fault[];
}

/** Scripted and seeded faults; the first one that fits a request meets it. */
export function createFaults(random: Random): Faults {
  let entries: { fault: Fault; left: number; wait: number }[] = [];

  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? 1, wait: fault.after ?? 0 };
      entries.push(entry);
      return () => {
        entries = entries.filter((other) => other !== entry);
      };
    },
    clear() {
      entries = [];
    },
    take(request) {
      for (const entry of entries.filter(({ fault }) => fits(fault, request))) {
        if (entry.wait > 0) {
          entry.wait -= 1;
          continue;
        }
        if (!random.chance(entry.fault.chance ?? 1)) continue;
        entry.left -= 1;
        if (entry.left <= 0) entries = entries.filter((other) => other !== entry);
        return entry.fault.effect;
      }
      return undefined;
    },
    pending: () => entries.map(({ fault, left }) => ({ ...fault, times: left })),
  };
}

function fits(
  fault: Fault,
  { route, sessionId }: { route: string; sessionId?: string | undefined },
): boolean {
  return (
    (fault.route === undefined || fault.route === route) &&
    (fault.sessionId === undefined || fault.sessionId === sessionId)
  );
}
