import type { SessionRef } from '../ids.ts';
import type { CrispObject } from './crisp-object.ts';
import type { OddField } from './typed.ts';

/** How the walk over the pages of messages came to its end; both prove that nothing older exists. */
export type PagingEnd = 'http_200' | 'empty_page';

/** Everything read from Crisp about one conversation, before it becomes a record. */
export interface FetchedConversation extends SessionRef {
  /** When the first request was sent, epoch ms: the content is at least as new as this. */
  readonly startedMs: number;
  readonly conversation: CrispObject;
  /** All of them, oldest first, none twice. */
  readonly messages: readonly unknown[];
  /** Null for a visitor without a profile. */
  readonly profile: CrispObject | null;
  /** True where the profile was not read now but is remembered from an earlier fetch. */
  readonly profileCached?: boolean;
  /** Present where `ENRICH_INCLUDE` asks for them. */
  readonly visitedPages?: readonly unknown[];
  readonly events?: readonly unknown[];
  readonly relations?: CrispObject;
  /** What of profile, pages, events and relations came as something else than it should be. */
  readonly oddFields?: readonly OddField[];
  readonly messagePages: number;
  readonly terminatedBy: PagingEnd;
  readonly apiCalls: number;
}
