import type { SessionRef } from '../ids.ts';

/** What one receive of a message came to. `failed`: tried again; `dead`: it waits for SQS to move it away. */
export type RunOutcome = (typeof RUN_OUTCOMES)[number];
export const RUN_OUTCOMES = [
  'emitted',
  'unchanged',
  'removed',
  'skipped',
  'deferred',
  'held',
  'failed',
  'dead',
] as const;

/** One line of the run log: what a receive of a message did, in ids, codes, counts and durations, never content. */
export interface Run {
  /** Undefined where the message could not be read. */
  readonly session: SessionRef | undefined;
  readonly messageId: string;
  /** Of the invocation, as its log lines carry it. */
  readonly requestId: string;
  /** Epoch ms. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly receiveCount: number;
  /** 1-based: receives that spent nothing are not counted. */
  readonly attempt: number;
  readonly outcome: RunOutcome;
  /** Requests to Crisp, shared by the messages of a session that were handled together. */
  readonly apiCalls: number;
  /** Where it failed: the part of the work, not the place in the code. */
  readonly stage?: RunStage;
  /** Code of the failure, or reason of the deferral; with its detail after a colon. */
  readonly code?: string;
  /** HTTP status of the answer that caused it. */
  readonly status?: number;
  /** One clipped sentence for a person. */
  readonly reason?: string;
  /** When it is received again at the earliest, in seconds after the run. */
  readonly delaySeconds?: number;
}

export type RunStage = (typeof RUN_STAGES)[number];
export const RUN_STAGES = ['decode', 'fetch', 'archive', 'announce', 'ledger', 'run'] as const;

export function isRunOutcome(text: string): text is RunOutcome {
  return RUN_OUTCOMES.some((outcome) => outcome === text);
}

export function isRunStage(text: string): text is RunStage {
  return RUN_STAGES.some((stage) => stage === text);
}
