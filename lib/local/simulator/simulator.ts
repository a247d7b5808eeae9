import type { Clock } from '../../clock.ts';
import type { SessionRef, WebsiteId } from '../../ids.ts';
import type { ListeningServer } from '../http-server.ts';
import type * as actions from './actions.ts';
import type * as changes from './changes.ts';
import type { Counters } from './counters.ts';
import type { HookDelivery, SubscriptionInput } from './hooks.ts';
import type { WebsiteInput } from './invent.ts';
import type { Faults, Limits, LimitsInput } from './limits.ts';
import type { HookSubscription } from './sender.ts';
import type { Account, Tier } from './server.ts';
import type { StoredConversation, StoredWebsite } from './store.ts';
import type { Switches } from './switches.ts';
import type { World } from './world.ts';

export interface SimulatorOptions {
  readonly clock: Clock;
  /** Equal seeds, actions and clocks give equal ids, contents and hooks. Default 1. */
  readonly seed?: number;
  /** Drawn from the seed where it is absent. */
  readonly token?: Account['token'];
  /** Default `plugin`. A `website` token is bound to the first website alone. */
  readonly tier?: Tier;
  /** Default all, as for a development token. */
  readonly scopes?: readonly string[];
  /** Default one. */
  readonly websites?: readonly WebsiteInput[];
  /** Secrets that plugin hooks are signed with: of production, then of development. Drawn from the seed where absent. */
  readonly hookSecrets?: readonly string[];
  readonly switches?: Partial<Switches>;
  /** Default: none. */
  readonly limits?: LimitsInput;
  /**
   * A folder in which conversations, profiles and hooks on their way survive a restart, a kill included. Switches, limits,
   * faults, subscriptions and counters start anew. Equal seeds then no longer give equal ids after the first start.
   */
  readonly dataDir?: string;
  /** How long an answer takes, drawn evenly between the two. Default 0. */
  readonly latency?: Latency;
}

interface Latency {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Actions without their world: what is left is what a caller says. */
type Bound<Actions> = {
  readonly [Name in keyof Actions]: Actions[Name] extends (world: World, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;
};

/** A Crisp workspace on this machine. Every action changes its state and is told to the subscribed hooks. */
export interface Simulator
  extends Omit<Bound<typeof actions & typeof changes>, 'startConversation' | 'changeConversation'> {
  readonly account: Account;
  /** Signs the hooks of production. */
  readonly hookSecret: string;
  /** The first website. */
  readonly websiteId: WebsiteId;
  readonly websiteIds: readonly WebsiteId[];
  readonly switches: Readonly<Switches>;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly hooks: HookDelivery;

  /** Port 0, the default, takes a free one. The API's base is `url` + `/v1`. */
  listen(options?: { readonly port?: number }): Promise<ListeningServer>;
  /** Ends hook deliveries. Servers are stopped by their own `stop`. */
  stop(): Promise<void>;

  setSwitch(name: string, position: unknown): void;
  setLatency(latency: Latency): void;
  /** Replaces the token; the old one is refused at once. */
  rollToken(): Account['token'];
  setScopes(scopes: readonly string[] | undefined): void;
  setSubscribed(websiteId: WebsiteId, isSubscribed: boolean): void;
  subscribeHook(input: SubscriptionInput): HookSubscription;

  startConversation(input?: actions.StartConversationInput): SessionRef;
  changeConversation<Kind extends changes.ConversationChangeKind>(
    session: SessionRef,
    kind: Kind,
    change: changes.ConversationChanges[Kind],
  ): void;
  /** Publishes an event that no action causes; the state does not change. */
  emit(websiteId: WebsiteId, event: string, data: Readonly<Record<string, unknown>>): void;
  /** All websites, with their state. */
  websites(): readonly StoredWebsite[];
  /** The state itself, to compare with: not a copy. Undefined where there is none (any more). */
  readConversation(session: SessionRef): StoredConversation | undefined;
}
