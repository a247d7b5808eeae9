import { parseWebsiteId, type WebsiteId } from '../../../core/ids.ts';
import type { CrispOperator } from '../model/website.ts';
import type { Random } from '../random.ts';
import { SimulatorError } from '../simulator-error.ts';
import type { StoredWebsite } from '../store/create-store.ts';

export interface WebsiteInput {
  /** Drawn from the seed where it is absent. */
  readonly websiteId?: string;
  readonly name?: string;
  readonly domain?: string;
  readonly isSubscribed?: boolean;
}

/** A website without conversations, with two operators. */
export function inventWebsite(input: WebsiteInput, random: Random): StoredWebsite {
  const websiteId = toWebsiteId(input.websiteId ?? random.uuid());

  return {
    websiteId,
    website: {
      website_id: websiteId,
      name: input.name ?? 'Kettle & Leaf',
      domain: input.domain ?? 'shop.example.com',
      logo: '',
      verified: true,
      institutional: false,
    },
    operators: [inventOperator('Mira', 'Quill', random), inventOperator('Theo', 'Saffron', random)],
    conversations: new Map(),
    profiles: new Map(),
    peopleIdByEmail: new Map(),
    isSubscribed: input.isSubscribed ?? true,
    revision: 0,
  };
}

function toWebsiteId(value: string): WebsiteId {
  const websiteId = parseWebsiteId(value);
  if (websiteId === undefined) throw new SimulatorError('unknown_website', `${value} is no UUID`);
  return websiteId;
}

function inventOperator(firstName: string, lastName: string, random: Random): CrispOperator {
  return {
    type: 'operator',
    details: {
      user_id: random.uuid(),
      email: `${firstName}.${lastName}@example.com`.toLowerCase(),
      avatar: '',
      first_name: firstName,
      last_name: lastName,
      role: 'owner',
      title: 'Support',
      availability: 'online',
      has_token: false,
    },
  };
}
