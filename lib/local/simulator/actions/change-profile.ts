import type { WebsiteId } from '../../../core/ids.ts';
import type { CustomData } from '../model/conversation.ts';
import type { CrispProfile } from '../model/profile.ts';
import { SimulatorError } from '../simulator-error.ts';
import type { StoredProfile } from '../store/create-store.ts';
import type { World } from '../world.ts';
import { emitWebsiteEvent } from './emit.ts';

export interface ProfileRef {
  readonly websiteId: WebsiteId;
  readonly peopleId: string;
}

export interface ProfileChange {
  readonly person?: Partial<CrispProfile['person']>;
  readonly company?: CrispProfile['company'];
  readonly segments?: readonly string[];
  readonly notepad?: string;
  readonly data?: CustomData;
}

/** Someone edits a person in the CRM. */
export function changeProfile(
  world: World,
  { websiteId, peopleId }: ProfileRef,
  change: ProfileChange,
): CrispProfile {
  const stored = profileOf(world, { websiteId, peopleId });
  const { profile } = stored;

  profile.updated_at = world.clock.nowMs();
  profile.person = { ...profile.person, ...change.person };
  if (change.company !== undefined) profile.company = change.company;
  if (change.segments !== undefined) profile.segments = [...change.segments];
  if (change.notepad !== undefined) profile.notepad = change.notepad;
  if (change.data !== undefined) stored.data = change.data;
  emitWebsiteEvent(world, websiteId, 'people:profile:updated', {
    people_id: peopleId,
    email: profile.email,
    update: { updated_at: profile.updated_at, person: { ...profile.person } },
  });
  return profile;
}

/** Someone deletes a person from the CRM. Their conversations stay, bound to an id that no profile has any more. */
export function removeProfile(world: World, { websiteId, peopleId }: ProfileRef): void {
  const { profile } = profileOf(world, { websiteId, peopleId });
  const website = world.store.website(websiteId);

  website.profiles.delete(peopleId);
  website.peopleIdByEmail.delete(profile.email.toLowerCase());
  emitWebsiteEvent(world, websiteId, 'people:profile:removed', { people_id: peopleId });
}

function profileOf(world: World, { websiteId, peopleId }: ProfileRef): StoredProfile {
  const found = world.store.website(websiteId).profiles.get(peopleId);
  if (found === undefined) throw new SimulatorError('unknown_profile', peopleId);
  return found;
}
