/** What became of the messages that a redrive of some was meant for. */
export interface RedriveCounts {
  /** Enqueued anew and deleted. */
  readonly moved: number;
  /** Enqueued anew and still there, because the delete failed: the next redrive brings a duplicate, which is harmless. */
  readonly duplicated: number;
  /** Left, because the sessions queue did not take them. */
  readonly failed: number;
  /** Left, because their session was redriven too often: `redrive_exhausted`. */
  readonly exhausted: number;
  /** Left, because they name no session: only a redrive of the whole queue moves them. */
  readonly unreadable: number;
  /** Left, because the redrive was interrupted. */
  readonly interrupted: number;
  /** Left, because they died while the redrive ran. */
  readonly arrived: number;
}

export type RedriveOutcome = keyof RedriveCounts;

export const NOTHING_REDRIVEN: RedriveCounts = {
  moved: 0,
  duplicated: 0,
  failed: 0,
  exhausted: 0,
  unreadable: 0,
  interrupted: 0,
  arrived: 0,
};

export function countRedriven(counts: RedriveCounts, outcome: RedriveOutcome, times = 1): RedriveCounts {
  return { ...counts, [outcome]: counts[outcome] + times };
}
