import type { Geolocation } from './conversation.ts';

/** A person as `GET …/people/profile/{people_id}` returns it. Times are epoch milliseconds. */
export interface CrispProfile {
  people_id: string;
  email: string;
  person: {
    nickname: string;
    avatar?: string;
    gender?: string;
    phone?: string;
    address?: string;
    description?: string;
    website?: string;
    timezone?: number;
    profiles?: { type: string; handle: string; url: string }[];
    employment?: { name?: string; domain?: string; title?: string; role?: string; seniority?: string };
    geolocation?: Geolocation;
    locales?: string[];
  };
  company?: {
    name?: string;
    legal_name?: string;
    domain?: string;
    url?: string;
    description?: string;
    timezone?: number;
    phones?: string[];
    emails?: string[];
    geolocation?: Geolocation;
    metrics?: { employees?: number; market_cap?: number; raised?: number; arr?: number };
    tags?: string[];
  };
  segments: string[];
  notepad: string;
  active: { now: boolean; last?: number };
  score: number;
  created_at: number;
  updated_at: number;
}
