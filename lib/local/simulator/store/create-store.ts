import type { SessionRef, WebsiteId } from '../../../core/ids.ts';
import type {
  CrispConversation,
  CustomData,
  CustomEvent,
  OriginalMessage,
  VisitedPage,
} from '../model/conversation.ts';
import type { CrispMessage } from '../model/message.ts';
import type { CrispProfile } from '../model/profile.ts';
import type { CrispOperator, CrispWebsite } from '../model/website.ts';
import { SimulatorError } from '../simulator-error.ts';

/** A conversation with all that Crisp keeps beside it. */
export interface StoredConversation {
  readonly ref: SessionRef;
  readonly conversation: CrispConversation;
  /** By timestamp, then in the order of arrival. */
  readonly messages: CrispMessage[];
  readonly visitedPages: VisitedPage[];
  readonly events: CustomEvent[];
  readonly originals: Map<string, OriginalMessage>;
  readonly relations: { parent: string | null; children: string[] };
}

export interface StoredProfile {
  profile: CrispProfile;
  data: CustomData;
  isSubscribedToEmail: boolean;
}

export interface StoredWebsite {
  readonly websiteId: WebsiteId;
  readonly website: CrispWebsite;
  readonly operators: readonly CrispOperator[];
  readonly conversations: Map<string, StoredConversation>;
  readonly profiles: Map<string, StoredProfile>;
  readonly peopleIdByEmail: Map<string, string>;
  /** False: the plugin is not installed there, or the token is not bound to it. */
  isSubscribed: boolean;
  /** Counts changes, so that a sorted list can be kept until something changes. */
  revision: number;
}

export interface Store {
  readonly websites: Map<string, StoredWebsite>;
  /** Throws `SimulatorError` where there is no such website. */
  website(websiteId: WebsiteId): StoredWebsite;
  /** Throws `SimulatorError` where there is no such website or conversation. */
  conversation(session: SessionRef): StoredConversation;
}

/** The state of the simulated Crisp, in memory. */
export function createStore(): Store {
  const websites = new Map<string, StoredWebsite>();

  function website(websiteId: WebsiteId): StoredWebsite {
    const found = websites.get(websiteId);
    if (found === undefined) throw new SimulatorError('unknown_website', websiteId);
    return found;
  }

  return {
    websites,
    website,
    conversation(session) {
      const found = website(session.websiteId).conversations.get(session.sessionId);
      if (found === undefined) throw new SimulatorError('unknown_session', session.sessionId);
      return found;
    },
  };
}
