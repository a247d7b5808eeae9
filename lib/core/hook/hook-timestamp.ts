import { HookRefusedError } from '../errors/hook-refused-error.ts';

/** How far ahead of ours a sender's clock may be. */
export const MAX_FUTURE_SECONDS = 300;

// Ten digits are seconds and thirteen are milliseconds until the year 2286; Crisp does not say which it sends.
const TIMESTAMP = /^\d{10}(\d{3})?$/;

/** Epoch milliseconds of a timestamp header. Stricter than `Number`, which reads `1e10`, `0x65` and ` 17 ` too. */
export function parseHookTimestamp(text: string | undefined): number {
  if (text === undefined || text === '') throw new HookRefusedError('timestamp_missing');
  if (!TIMESTAMP.test(text)) throw new HookRefusedError('timestamp_malformed');
  return text.length === 10 ? Number(text) * 1000 : Number(text);
}

/** Refuses a verified timestamp outside the window; the bounds themselves are inside. */
export function checkHookAge(emittedMs: number, nowMs: number, maxAgeSeconds: number): void {
  const ageSeconds = (nowMs - emittedMs) / 1000;
  if (ageSeconds > maxAgeSeconds) {
    throw new HookRefusedError('timestamp_too_old', `${ageSeconds} s old, ${maxAgeSeconds} s are allowed`);
  }
  if (-ageSeconds > MAX_FUTURE_SECONDS) {
    throw new HookRefusedError(
      'timestamp_in_future',
      `${-ageSeconds} s ahead, ${MAX_FUTURE_SECONDS} s are allowed`,
    );
  }
}
