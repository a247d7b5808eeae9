// What the console's server and its page say to each other: types alone, so that both import it. Times are epoch ms, null
// is what is not known, and every text is plain text from anywhere, attackers included.

export interface Session {
  readonly websiteId: string;
  readonly sessionId: string;
}

/** `GET /console/api/overview`, and the event `overview`. */
export interface Overview {
  readonly bar: Bar;
  /** Hooks, queue, fetch, archive, records, in this order. */
  readonly stations: readonly Station[];
  readonly savings: Savings;
  /** Messages that wait in the sessions queue, those in flight and delayed among them. */
  readonly waiting: number | null;
  readonly deadLetters: number | null;
  /** True where events of the pipeline arrive as they happen; false where a deployed stage was asked, at `asOfMs`. */
  readonly isLive: boolean;
  readonly asOfMs: number;
  /** True where `POST /console/api/play` has a simulator to play in. */
  readonly canPlay: boolean;
}

export interface Bar {
  readonly product: string;
  readonly stage: string;
  readonly region: string;
  readonly isLocal: boolean;
  readonly account: string | null;
  /** Has to be typed (`confirm`) before anything that changes a deployed stage; null in local mode, where nothing has to. */
  readonly confirm: string | null;
  readonly deliveries: Deliveries;
  readonly calls: Calls | null;
  /** What could not be read, each as a sentence; the rest is shown all the same. */
  readonly unread: readonly string[];
}

export interface Deliveries {
  /** `held`: by the breaker. `changing`: it is being switched. */
  readonly state: 'flowing' | 'held' | 'paused' | 'changing' | 'unknown';
  readonly reason: string | null;
  readonly sinceMs: number | null;
  /** When the breaker looks next whether the reason has passed. */
  readonly nextLookMs: number | null;
}

/** The day's calls to Crisp. */
export interface Calls {
  readonly used: number;
  /** Null without a budget, as is `left`. */
  readonly quota: number | null;
  readonly left: number | null;
  readonly saved: number;
}

export interface Station {
  readonly name: 'hooks' | 'queue' | 'fetch' | 'archive' | 'records';
  /** In the last sixty seconds; null where it is not known: a deployed stage does not tell of hooks. */
  readonly lastMinute: number | null;
  /** The last fifteen minutes, oldest first, the running one at the end; empty where they are not known. */
  readonly minutes: readonly number[];
  /** Null where it has none; `count` null where it is not known. */
  readonly concern: { readonly label: string; readonly count: number | null } | null;
}

export interface Savings {
  /** Calls to Crisp: since the start in local mode, today for a deployed stage. */
  readonly calls: number;
  /** What a fetch per event would have made. */
  readonly callsOfALoop: number;
  /** What saved them, as calls; together about the difference. */
  readonly coalesced: number;
  readonly covered: number;
  readonly incremental: number;
  readonly cached: number;
  /** Both totals over time, oldest first; the points are evenly spaced. */
  readonly day: readonly { readonly atMs: number; readonly calls: number; readonly loop: number }[];
}

/** One conversation of the live list. */
export interface Line {
  readonly session: Session;
  /** Null for a visitor without a name. */
  readonly name: string | null;
  /** Shortened; null where no message is known. */
  readonly lastMessage: string | null;
  /** Since its fetch before; null where it is not known. */
  readonly hooks: number | null;
  readonly fetches: number;
  readonly calls: number;
  readonly durationMs: number | null;
  readonly outcome: LineOutcome;
  readonly version: number | null;
  readonly failure: { readonly code: string; readonly words: string } | null;
  /** Of the newest thing that happened to it. */
  readonly atMs: number;
}

/** `waiting`: hooks came in, and nothing was fetched since. */
export type LineOutcome = 'waiting' | 'fetching' | RunOutcome;

export type RunOutcome =
  | 'emitted'
  | 'unchanged'
  | 'removed'
  | 'skipped'
  | 'covered'
  | 'superseded'
  | 'deferred'
  | 'held'
  | 'failed'
  | 'dead';

/** `GET /console/api/lines` */
export interface Lines {
  readonly lines: readonly Line[];
  /** For `before`; null where there is no further one. */
  readonly next: string | null;
}

/** `GET /console/api/conversations/{websiteId}/{sessionId}` */
export interface Conversation {
  readonly session: Session;
  /** As `docs/record.schema.json` says; null where it was never archived, or is gone. */
  readonly record: unknown;
  /** Newest first; their records are read one by one. */
  readonly versions: readonly { readonly version: number; readonly atMs: number | null }[];
  /** Oldest first. */
  readonly timeline: readonly TimelineEntry[];
  readonly deadLetters: readonly Letter[];
  /** What could not be read, each as a sentence. */
  readonly unread: readonly string[];
}

export interface TimelineEntry {
  readonly atMs: number;
  readonly kind: TimelineKind;
  /** A clause for a person, without moment, code and counts that stand beside it. */
  readonly words: string;
  readonly calls: number | null;
  readonly durationMs: number | null;
  readonly version: number | null;
  readonly code: string | null;
  /** When it goes on at the earliest; of a dead letter, when SQS deletes it. */
  readonly nextMs: number | null;
  readonly messageId: string | null;
}

/** As `lib/operate/timeline.ts` makes them. */
export type TimelineKind =
  | 'hook'
  | 'queued'
  | 'coalesced'
  | 'fetched'
  | 'announced'
  | 'archived'
  | 'dead-lettered'
  | 'redriven'
  | 'waiting'
  | Exclude<RunOutcome, 'emitted'>;

/** `GET /console/api/runs` */
export interface Runs {
  readonly runs: readonly RunRow[];
  readonly next: string | null;
  /** True where more runs exist than the console keeps. */
  readonly isCut: boolean;
  readonly asOfMs: number;
}

export interface RunRow {
  /** Null where the message could not be read. */
  readonly session: Session | null;
  readonly messageId: string;
  readonly atMs: number;
  readonly outcome: RunOutcome;
  readonly attempt: number;
  readonly calls: number;
  readonly durationMs: number;
  readonly code: string | null;
  /** One sentence for a person. */
  readonly words: string | null;
  readonly nextMs: number | null;
}

/** `GET /console/api/dead-letters` */
export interface DeadLetters {
  /** The largest first. */
  readonly groups: readonly DeadLetterGroup[];
  readonly total: number;
  readonly asOfMs: number;
  /** False where the look did not see all of them. */
  readonly isWhole: boolean;
  /** Why not, as a sentence. */
  readonly missing: string | null;
}

export interface DeadLetterGroup {
  readonly code: string;
  readonly meaning: string;
  readonly remedy: string;
  readonly count: number;
  readonly oldestMs: number | null;
  readonly firstExpiryMs: number | null;
  /** False where a redrive would end the same way: the message names no session. */
  readonly canRedrive: boolean;
}

/** `GET /console/api/dead-letters/list` */
export interface Letters {
  readonly letters: readonly Letter[];
  readonly next: string | null;
}

export interface Letter {
  readonly messageId: string;
  /** Null where the message names none. */
  readonly session: Session | null;
  readonly code: string;
  /** The reason as a sentence. */
  readonly words: string;
  readonly attempts: number;
  readonly deadMs: number | null;
  readonly expiresMs: number | null;
  /** `redriving`: a redrive of the console's has it in hand. */
  readonly state: 'dead' | 'redriving';
}

/** `POST /console/api/redrives`: of `messageIds`, `code` and `all` exactly one. */
export interface RedriveRequest {
  /** The same key starts one run, however often it is sent; 8 to 64 characters of `A-Za-z0-9_-`. */
  readonly key: string;
  readonly messageIds?: readonly string[] | undefined;
  readonly code?: string | undefined;
  readonly all?: true | undefined;
  readonly ratePerSecond?: number | undefined;
  /** `bar.confirm`, typed by the person; of a deployed stage alone. */
  readonly confirm?: string | undefined;
}

/** `GET /console/api/redrives/{id}`, an item of `Redrives`, and the event `redrive`. */
export interface Redrive {
  readonly id: string;
  /** What was asked for, as a person would say it. */
  readonly label: string;
  readonly startedMs: number;
  /** When every entry had come to its end; null before. */
  readonly endedMs: number | null;
  readonly total: number;
  readonly moved: number;
  readonly ratePerSecond: number;
  /** At most 500, in an event at most 100: those that changed last, the newest first; `counts` says the whole. */
  readonly entries: readonly RedriveEntry[];
  readonly counts: Readonly<Record<RedriveEntry['state'], number>>;
  /** Why it could not go on, as a sentence. */
  readonly problem: string | null;
}

export interface RedriveEntry {
  readonly messageId: string;
  readonly session: Session | null;
  /** `waiting`: not moved yet. `kept`: it stays in the dead-letter queue; `words` says why. `gone`: somebody else took it. */
  readonly state: 'waiting' | 'queued' | 'record' | 'unchanged' | 'covered' | 'failed' | 'kept' | 'gone';
  /** When its fetch begins at the earliest. */
  readonly dueMs: number | null;
  readonly version: number | null;
  /** Since when the record is as it is, for `unchanged`. */
  readonly sinceMs: number | null;
  readonly words: string | null;
}

/** `GET /console/api/redrives`, newest first. */
export interface Redrives {
  readonly redrives: readonly Redrive[];
}

/** `GET /console/api/search?q=` */
export interface Found {
  readonly sessions: readonly {
    readonly session: Session;
    readonly name: string | null;
    readonly email: string | null;
  }[];
}

/** What every refusal looks like, as `application/problem+json`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
}
