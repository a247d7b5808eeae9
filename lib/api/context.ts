import type { NamedQueue } from '../aws/queues.ts';
import type { BreakerView } from '../breaker/pause.ts';
import type { Clock } from '../clock.ts';
import type { ApiConfig, Inclusion } from '../config/config.ts';
import type { Secrets } from '../config/secret-reader.ts';
import type { FetchedConversation } from '../crisp/conversation.ts';
import type { DeadLetterContext } from '../dead-letters/context.ts';
import type { SessionRef, WebsiteId } from '../ids.ts';
import type { BreakerNotes } from '../ledger/breaker-notes.ts';
import type { IdempotencyNotes } from '../ledger/idempotency.ts';
import type { BestEffort } from '../ledger/table.ts';
import type { RecordArchive } from '../record/archive.ts';
import type { Telemetry } from '../telemetry/events.ts';

/** What one instance of the API works with. Every function of this folder takes it, or the part that it needs. */
export interface ApiContext {
  readonly config: Pick<ApiConfig, 'stage' | 'websiteIds' | 'include' | 'archiveBucket'>;
  readonly secrets: Pick<Secrets, 'apiKeys'>;
  /** At the instance's own share of the rate. */
  readonly fetchConversation: (
    session: SessionRef,
    options: { readonly include: readonly Inclusion[]; readonly signal: AbortSignal },
  ) => Promise<FetchedConversation>;
  readonly archive: Pick<RecordArchive, 'getLatest' | 'getRecord'>;
  /** The websites of which something was archived. */
  readonly listKnownWebsites: () => Promise<readonly WebsiteId[]>;
  /** With the sessions queue and the run log in it. */
  readonly deadLetters: DeadLetterContext;
  readonly readQueues: () => Promise<readonly NamedQueue[]>;
  readonly breakerNotes: Pick<BreakerNotes, 'readOpening'>;
  readonly readBreaker: () => Promise<BreakerView>;
  readonly idempotency: IdempotencyNotes;
  readonly bestEffort: BestEffort;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** A request as the function got it. */
export interface ApiRequest {
  readonly method: string;
  /** As it was sent: the path of a `Request` is tidied up (`..` is gone). */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly requestId: string;
}
