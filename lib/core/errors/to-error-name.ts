// What programs call their errors: ECONNREFUSED, AccessDeniedException, KMS.AccessDeniedException, ERR_TLS_CERT_ALTNAME.
const IDENTIFIER = /^[A-Za-z][\w.$-]{0,63}$/;

/**
 * What a foreign error is called: its code where it has one, else its name; `unknown` where neither is an identifier.
 * Its message could quote anything. Never throws, also where a property of it does.
 */
export function toErrorName(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return 'unknown';
    const names: unknown[] = [Reflect.get(thrown, 'code'), thrown.name];
    return names.find(isIdentifier) ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

function isIdentifier(name: unknown): name is string {
  return typeof name === 'string' && IDENTIFIER.test(name);
}
