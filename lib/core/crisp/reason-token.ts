const TOKEN = /^[A-Za-z][A-Za-z0-9_.:-]{0,63}$/;

/**
 * Crisp's `reason` as an error may carry it: its token (`not_allowed`), or `unreadable` for anything that is no token
 * or too long for one, because a sentence could quote whatever it is about. Undefined where there is none.
 */
export function toReasonToken(reason: unknown): string | undefined {
  if (reason === undefined || reason === null || reason === '') return undefined;
  return typeof reason === 'string' && TOKEN.test(reason) ? reason : 'unreadable';
}
