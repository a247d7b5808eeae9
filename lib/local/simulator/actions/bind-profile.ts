import type { SessionRef } from '../../../core/ids.ts';
import { inventProfile } from '../invention/invent-profile.ts';
import type { Persona } from '../invention/persona.ts';
import type { StoredProfile, StoredWebsite } from '../store/create-store.ts';
import type { World } from '../world.ts';
import { emitSessionEvent, emitWebsiteEvent } from './emit.ts';
import { touch } from './touch.ts';

/** Binds a conversation to the profile of its visitor's address, and creates that where there is none. */
export function bindProfile(world: World, session: SessionRef, persona: Persona): StoredProfile {
  const stored = touch(world, session);
  const website = world.store.website(session.websiteId);
  const found = findProfile(website, persona.email) ?? createProfile(world, website, persona);

  stored.conversation.people_id = found.profile.people_id;
  emitSessionEvent(world, stored, 'people:bind:session', { people_id: found.profile.people_id });
  return found;
}

/** Finds a profile by its id or its e-mail address, as Crisp's routes do. */
export function findProfile(website: StoredWebsite, idOrEmail: string): StoredProfile | undefined {
  const byId = website.profiles.get(idOrEmail);
  if (byId !== undefined || !idOrEmail.includes('@')) return byId;
  const peopleId = website.peopleIdByEmail.get(idOrEmail.toLowerCase());
  return peopleId === undefined ? undefined : website.profiles.get(peopleId);
}

function createProfile(world: World, website: StoredWebsite, persona: Persona): StoredProfile {
  const profile = inventProfile(world.ids.uuid(), persona, world.clock.nowMs(), world.invention);
  const created = { profile, data: {}, isSubscribedToEmail: true };

  website.profiles.set(profile.people_id, created);
  website.peopleIdByEmail.set(profile.email.toLowerCase(), profile.people_id);
  emitWebsiteEvent(world, website.websiteId, 'people:profile:created', {
    people_id: profile.people_id,
    email: profile.email,
  });
  return created;
}
