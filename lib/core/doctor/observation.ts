/**
 * What a live look at an open question came to. `seen`: the answer says what. `not_seen`: it was tried, and nothing came
 * that would tell. `not_tried`: it cannot be tried by a few reads, or must not be.
 */
export type ObservationOutcome = 'seen' | 'not_seen' | 'not_tried';

export interface Observation {
  readonly question: string;
  readonly outcome: ObservationOutcome;
  /** Numbers, statuses and Crisp's own tokens; never a content or an id. */
  readonly answer: string;
  /** True where the pipeline relies on the opposite. */
  readonly isProblem?: boolean;
}
