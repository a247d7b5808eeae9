import type { CrispObject } from './crisp-object.ts';
import { isCrispObject } from './is-crisp-object.ts';

/** What the body of an answer is: Crisp's envelope, other JSON, JSON that breaks off, nothing, or something else. */
export type Envelope =
  | { readonly kind: 'envelope'; readonly envelope: CrispObject }
  | { readonly kind: 'shape' | 'truncated' | 'empty' | 'not_json' };

/** Parses a body. `JSON.parse` keeps a key `__proto__` as an ordinary property, and nothing is merged or copied here. */
export function readEnvelope(body: string): Envelope {
  const text = body.replace(/^\uFEFF/, '').trim();
  if (text === '') return { kind: 'empty' };
  try {
    const parsed: unknown = JSON.parse(text);
    return isCrispObject(parsed) ? { kind: 'envelope', envelope: parsed } : { kind: 'shape' };
  } catch {
    // The parser's error quotes the text, which may be a customer's: it is not kept as a cause.
    return { kind: /^[{["]/.test(text) ? 'truncated' : 'not_json' };
  }
}
