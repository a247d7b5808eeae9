import type { Disturbances } from '../disturbances.ts';
import type { Instance } from '../instance.ts';
import type { CrispAnswer, CrispQuestion } from './crisp-routes.ts';

/** A request at Crisp's door. */
export interface CrispCall {
  readonly question: CrispQuestion;
  readonly sessionKey: string | undefined;
  readonly instance: Instance;
}

/** What a fault makes of a request to Crisp. */
export type CrispTrouble = { readonly fault: string } /** Another answer than the true one. */ & (
  | { readonly kind: 'answer'; readonly answer: (truth: CrispAnswer) => CrispReply }
  /** A cache answers, with what was true that much earlier. */
  | { readonly kind: 'stale'; readonly lagMs: number }
  /** The connection ends: nothing was answered, or only the first bytes. */
  | { readonly kind: 'break'; readonly when: 'before-headers' | 'mid-body'; readonly error: () => unknown }
  | { readonly kind: 'hang' }
  /** The bytes come one by one. */
  | { readonly kind: 'slow-body'; readonly chunks: number; readonly chunkMs: number }
);

export type CrispDisturbances = Disturbances<CrispCall, CrispTrouble>;

/** An answer as it goes over the wire. */
export interface CrispReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The envelope in which Crisp writes all that it says. */
export function toReply({ status, reason, data }: CrispAnswer): CrispReply {
  return { status, body: JSON.stringify({ error: status >= 400, reason, data }) };
}
