import { JobError } from '../errors.ts';
import { isSessionId, isWebsiteId } from '../ids.ts';
import { isPeopleId } from './fields.ts';

/** One segment of a path: a word of a route, or a value that is checked for what it claims to be. */
export type CrispSegment =
  | string
  | { readonly websiteId: string }
  | { readonly sessionId: string }
  | { readonly peopleId: string }
  /** 1-based. */
  | { readonly page: number };

export type CrispQuery = { readonly [name: string]: string | number };

/**
 * The only place that builds a URL of Crisp. `encodeURIComponent` would let `..` through, so every value is held against
 * its pattern, and then the URL as it was parsed against what was meant. Throws `JobError` (`website_id_invalid`,
 * `session_id_invalid`, `bad_response:people_id` for an id that Crisp itself sent, `unexpected` for a defect of ours).
 */
export function buildCrispUrl(base: URL, segments: readonly CrispSegment[], query: CrispQuery = {}): URL {
  const root = base.pathname.replace(/\/$/, '');
  const pathname = `${root}/${segments.map(toPathSegment).join('/')}`;
  const url = new URL(`${base.origin}${pathname}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, toQueryValue(value));

  if (url.origin !== base.origin || url.pathname !== pathname || url.hash !== '') {
    throw new JobError('unexpected', { detail: 'crisp_url' });
  }
  return url;
}

const ROUTE_WORD = /^[a-z]+$/;

function toPathSegment(segment: CrispSegment): string {
  if (typeof segment === 'string') return checked(ROUTE_WORD.test(segment), segment, routeError);
  if ('websiteId' in segment) return checked(isWebsiteId(segment.websiteId), segment.websiteId, websiteError);
  if ('sessionId' in segment) return checked(isSessionId(segment.sessionId), segment.sessionId, sessionError);
  if ('peopleId' in segment) return checked(isPeopleId(segment.peopleId), segment.peopleId, peopleError);
  return checked(isPageNumber(segment.page), String(segment.page), routeError);
}

function checked(isValid: boolean, segment: string, toError: () => JobError): string {
  if (!isValid) throw toError();
  return segment;
}

const websiteError = () => new JobError('website_id_invalid');
const sessionError = () => new JobError('session_id_invalid');
const peopleError = () => new JobError('bad_response', { detail: 'people_id' });
const routeError = () => new JobError('unexpected', { detail: 'crisp_url' });

function isPageNumber(page: number): boolean {
  return Number.isSafeInteger(page) && page >= 1;
}

function toQueryValue(value: string | number): string {
  if (typeof value === 'number' && !(Number.isSafeInteger(value) && value >= 0)) throw routeError();
  return String(value);
}
