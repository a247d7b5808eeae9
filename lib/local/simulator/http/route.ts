import type { Store, StoredConversation, StoredWebsite } from '../store/create-store.ts';
import type { Switches } from '../switches.ts';
import type { Reply } from './reply.ts';

/** What a route may look at. */
export interface RouteContext {
  readonly store: Store;
  readonly switches: Switches;
  /** Values of the path's `:names`, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

export interface WebsiteContext extends RouteContext {
  readonly website: StoredWebsite;
}

export interface ConversationContext extends WebsiteContext {
  readonly stored: StoredConversation;
}

interface RouteBase {
  /** What counters and faults call it. */
  readonly name: string;
  /** Segments after `/v1/`; `:name` takes any non-empty one. */
  readonly path: string;
  /** Also answers HEAD. */
  readonly hasHead?: boolean;
  readonly scope?: string;
  /** False where no source confirms the scope: a switch decides whether it is needed. */
  readonly isScopeConfirmed?: boolean;
  /** Refused to other tiers with `restricted_route_tier`. */
  readonly tier?: 'plugin';
  /** Routes about people may be closed to the website tier: a switch decides. */
  readonly isPeople?: boolean;
}

/** A GET route. How much of its path must exist before it runs is in `about`. */
export type Route = RouteBase &
  (
    | { readonly about: 'account'; answer(context: RouteContext): Reply }
    | { readonly about: 'website'; answer(context: WebsiteContext): Reply }
    | { readonly about: 'conversation'; answer(context: ConversationContext): Reply }
  );
