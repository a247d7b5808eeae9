import { redact } from './redact.ts';

/** What may be told of a mistake of ours: what it is called and where it happened. Its message could quote anything. */
interface DefectDescription {
  readonly name: string;
  /** The innermost three places, one after the other; empty where there are none. */
  readonly where: string;
}

const CLASS_NAME = /^[A-Za-z_$][\w$]{0,63}$/;
// A function, perhaps, and a file with line and column: nothing that a sentence could be mistaken for.
const STACK_FRAME = /^ {4}at (?:[\w$.<>[\] ]{1,120} \()?[\w$@%.:+/~-]{1,300}:\d{1,7}:\d{1,7}\)?$/;

/** Describes whatever was thrown. Never throws itself, also where a property of the thing does. */
export function describeDefect(thrown: unknown): DefectDescription {
  try {
    if (!(thrown instanceof Error)) return { name: thrown === null ? 'null' : typeof thrown, where: '' };
    const { name } = thrown.constructor;
    return { name: CLASS_NAME.test(name) ? name : 'Error', where: readPlaces(thrown) };
  } catch {
    return { name: 'Error', where: '' };
  }
}

function readPlaces({ stack, message }: Error): string {
  const text = String(stack ?? '');
  // The stack begins with the message, whose lines could look like places.
  const at = text.indexOf(String(message));
  const places = at === -1 ? text : text.slice(at + String(message).length);
  return places
    .split('\n')
    .filter((line) => STACK_FRAME.test(line))
    .slice(0, 3)
    .map((place) => redact(place.trim()))
    .join(' ');
}

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
