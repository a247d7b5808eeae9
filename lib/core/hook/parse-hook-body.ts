import { HookRefusedError } from '../errors/hook-refused-error.ts';
import { findJsonError } from './find-json-error.ts';
import { scanJson } from './scan-json.ts';

/** Crisp's events nest about six levels deep and have tens of values, a large custom data object hundreds. */
export const HOOK_JSON_LIMITS = { maxDepth: 64, maxValues: 10_000 };

const BYTE_ORDER_MARK = '\ufeff';
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The JSON of a verified body. Throws `HookRefusedError`; its detail never quotes the body. */
export function parseHookBody(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  if (text.startsWith(BYTE_ORDER_MARK)) {
    throw new HookRefusedError('invalid_json', 'byte order mark at byte 0');
  }
  const broken = scanJson(bytes, HOOK_JSON_LIMITS);
  if (broken) throw new HookRefusedError(broken);

  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text: it is not passed on as a cause.
    const at = findJsonError(text) ?? text.length;
    throw new HookRefusedError('invalid_json', `at byte ${Buffer.byteLength(text.slice(0, at))}`);
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new HookRefusedError('invalid_utf8', undefined, { cause });
  }
}
