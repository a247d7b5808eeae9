import type { Random } from '../random.ts';

/** An invented person: no real one has an address at example.com or in 203.0.113.0/24. */
export interface Persona {
  readonly nickname: string;
  readonly email: string;
  readonly phone: string;
  readonly ip: string;
  readonly country: string;
  readonly region: string;
  readonly city: string;
  readonly latitude: number;
  readonly longitude: number;
  /** Minutes, as browsers give it: negative east of Greenwich. */
  readonly timezone: number;
  readonly locales: readonly string[];
}

const FIRST_NAMES =
  'Ada Bruno Cleo Dario Elif Fenna Goran Hana Ilse Jonas Kaya Lumi Mateo Nia Oskar Pilar Quentin Rosa Sanna Tariq Uma Viggo Wren Zoé'.split(
    ' ',
  );
const LAST_NAMES =
  'Amberly Birchwell Copperfeld Dunmoor Elderbrook Fernsby Gladewater Hollowell Inkpen Juniper Kettleby Larkspur Mosswood Nettlefold'.split(
    ' ',
  );

type Place = Omit<Persona, 'nickname' | 'email' | 'phone' | 'ip'>;

const PLACES: readonly Place[] = [
  toPlace('FR/IDF/Paris', 48.85, 2.35, -120, ['fr', 'en']),
  toPlace('DE/BE/Berlin', 52.52, 13.4, -120, ['de', 'en']),
  toPlace('PT/11/Lisbon', 38.72, -9.14, -60, ['pt']),
  toPlace('GB/ENG/Leeds', 53.8, -1.55, -60, ['en']),
  toPlace('CA/QC/Montréal', 45.5, -73.57, 240, ['fr', 'en']),
];

/** Draws a person. The e-mail holds a number, so that two people seldom share it. */
export function inventPersona(random: Random): Persona {
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  const number = random.integer(1, 99_999);
  const mailbox = `${first}.${last}.${number}`
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9.]/g, '');

  return {
    ...random.pick(PLACES),
    nickname: `${first} ${last}`,
    email: `${mailbox}@example.com`,
    // 07700 900000 to 900999 is kept free for fiction.
    phone: `+447700900${String(random.integer(0, 999)).padStart(3, '0')}`,
    ip: `203.0.113.${random.integer(1, 254)}`,
  };
}

function toPlace(
  path: string,
  latitude: number,
  longitude: number,
  timezone: number,
  locales: readonly string[],
): Place {
  const [country = '', region = '', city = ''] = path.split('/');
  return { country, region, city, latitude, longitude, timezone, locales };
}
