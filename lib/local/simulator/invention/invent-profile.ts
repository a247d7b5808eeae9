import type { CrispProfile } from '../model/profile.ts';
import type { Random } from '../random.ts';
import type { Persona } from './persona.ts';

/** The CRM profile of an invented person. */
export function inventProfile(
  peopleId: string,
  persona: Persona,
  nowMs: number,
  random: Random,
): CrispProfile {
  const { country, region, city, latitude, longitude } = persona;

  return {
    people_id: peopleId,
    email: persona.email,
    person: {
      nickname: persona.nickname,
      phone: persona.phone,
      timezone: persona.timezone,
      geolocation: { country, region, city, coordinates: { latitude, longitude } },
      locales: [...persona.locales],
    },
    company: { name: 'Example Works', domain: 'example.com', url: 'https://example.com' },
    segments: [],
    notepad: '',
    active: { now: true, last: nowMs },
    score: random.integer(0, 10) / 10,
    created_at: nowMs,
    updated_at: nowMs,
  };
}
