import type { SessionRef, WebsiteId } from '../../core/ids.ts';
import type { Account } from './account.ts';
import type { AcknowledgeInput } from './actions/acknowledge.ts';
import type { ConversationChangeKind, ConversationChanges } from './actions/change-conversation.ts';
import type { ProfileChange, ProfileRef } from './actions/change-profile.ts';
import type { SendMessageInput } from './actions/send-message.ts';
import type { MetaChange } from './actions/set-meta.ts';
import type { StartConversationInput } from './actions/start-conversation.ts';
import type { Counters } from './counters.ts';
import type { HookDelivery } from './hooks/create-hook-delivery.ts';
import type { HookSubscription, SubscriptionInput } from './hooks/hook-subscription.ts';
import type { Faults } from './http/create-faults.ts';
import type { ListeningServer } from './http/create-server.ts';
import type { Limits } from './limits/create-limits.ts';
import type { ConversationState } from './model/conversation.ts';
import type { CrispMessage, MessageContent } from './model/message.ts';
import type { CrispProfile } from './model/profile.ts';
import type { SeedInput } from './seed-conversations.ts';
import type { StoredConversation, StoredWebsite } from './store/create-store.ts';
import type { Switches } from './switches.ts';

type WithDefaultWebsite<Input extends { websiteId: WebsiteId }> = Omit<Input, 'websiteId'> & {
  /** Default: the first website. */
  readonly websiteId?: WebsiteId;
};

/** A Crisp workspace on this machine. Every action changes its state and tells the subscribed hooks. */
export interface Simulator {
  readonly account: Account;
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
  setLatency(latency: { readonly minMs: number; readonly maxMs: number }): void;
  /** Replaces the token; the old one is refused at once. */
  rollToken(): Account['token'];
  setScopes(scopes: readonly string[] | undefined): void;
  setSubscribed(websiteId: WebsiteId, isSubscribed: boolean): void;
  subscribeHook(input: SubscriptionInput): HookSubscription;

  startConversation(input?: WithDefaultWebsite<StartConversationInput>): SessionRef;
  sendMessage(session: SessionRef, input?: SendMessageInput): CrispMessage;
  editMessage(session: SessionRef, fingerprint: number, content: MessageContent): CrispMessage;
  removeMessage(session: SessionRef, fingerprint: number): void;
  acknowledge(session: SessionRef, input: AcknowledgeInput): void;
  setState(session: SessionRef, state: ConversationState): void;
  setMeta(session: SessionRef, change: MetaChange): void;
  changeConversation<Kind extends ConversationChangeKind>(
    session: SessionRef,
    kind: Kind,
    change: ConversationChanges[Kind],
  ): void;
  removeConversation(session: SessionRef): void;
  changeProfile(profile: ProfileRef, change: ProfileChange): CrispProfile;
  removeProfile(profile: ProfileRef): void;
  /** Publishes an event that no action causes; the state does not change. */
  emit(websiteId: WebsiteId, event: string, data: Readonly<Record<string, unknown>>): void;
  /** Adds conversations that were there before, without hooks. */
  seedConversations(input: WithDefaultWebsite<SeedInput>): SessionRef[];
  /** All websites, with their state. */
  websites(): readonly StoredWebsite[];
  /** The state itself, to compare with: not a copy. Undefined where there is none (any more). */
  readConversation(session: SessionRef): StoredConversation | undefined;
}
