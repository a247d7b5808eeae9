const MAX_LENGTH = 64;
// `not_allowed`, `website_member_role_not_allowed`. No names, numbers of phones or addresses: letters in lower case,
// joined by `_`, `-` or `:`, and short numbers behind one of these.
const TOKEN = /^[a-z]+(?:[_:-](?:[a-z]+|\d{1,3}))*$/;

/**
 * Crisp's `reason` as an error may carry it: its token in lower case, or `unreadable` for anything that is no token or
 * too long for one, because a sentence could quote whatever it is about. Undefined where there is none.
 */
export function toReasonToken(reason: unknown): string | undefined {
  if (reason === undefined || reason === null || reason === '') return undefined;
  if (typeof reason !== 'string' || reason.length > MAX_LENGTH) return 'unreadable';
  const token = reason.toLowerCase();
  return TOKEN.test(token) ? token : 'unreadable';
}

/** The limit that a reason names, whatever the status beside it: of requests at the moment, or of the day's. */
export function toNamedLimit(reason: unknown): 'crisp_rate_limited' | 'crisp_quota_exceeded' | undefined {
  if (typeof reason !== 'string' || reason.length > LONGEST_REASON) return undefined;
  const words = reason
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z]+/g, '_');
  if (QUOTA.test(words)) return 'crisp_quota_exceeded';
  return RATE.test(words) ? 'crisp_rate_limited' : undefined;
}

// A sentence of this length may be a reason; what is longer quotes something.
const LONGEST_REASON = 100;
const QUOTA = /quota|daily_?limit|limit_?daily|per_?day/;
const RATE =
  /(?:^|_)(?:rate_?limit\w*|limit(?:s|ed|er|ing)?|over_?limit|throttl\w*|too_?many\w*|slow_?down|flood\w*|exceed(?:s|ed|ing)?)(?:_|$)/;
