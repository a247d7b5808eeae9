import type { JobError } from '../errors/job-error.ts';

interface AnswerFacts {
  /** Of HTTP; undefined where no answer came. */
  readonly status: number | undefined;
  /** The envelope's reason, where it is a token. */
  readonly reason: string | undefined;
  /** Crisp's own word on its cache (`Bloom-Status`). */
  readonly cache: string | undefined;
  readonly hasRetryAfter: boolean;
}

/** How Crisp answered one request. */
export type SurveyAnswer = AnswerFacts &
  (
    | { readonly outcome: 'data'; readonly data: unknown; readonly hasMore: boolean }
    | { readonly outcome: 'failure'; readonly error: JobError }
  );
