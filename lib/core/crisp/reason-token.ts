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
