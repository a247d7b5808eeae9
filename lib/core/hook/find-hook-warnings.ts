import { toMediaType } from '../text/to-media-type.ts';
import { toShape } from '../text/to-shape.ts';
import type { HookDelivery } from './hook-delivery.ts';
import type { HookEvent } from './read-hook-event.ts';

export interface HookWarning {
  readonly code: 'content_type' | 'attempt_count' | 'fingerprint_unsafe';
  readonly detail: string;
}

const JSON_TYPE = /^application\/([\w.+-]+\+)?json\s*(;|$)/i;

/** What is odd about a verified delivery, yet no reason to refuse it. */
export function findHookWarnings({ headers }: HookDelivery, { data }: HookEvent): HookWarning[] {
  const warnings: HookWarning[] = [];
  const contentType = headers['content-type'] ?? '';
  // Whether Crisp always sends JSON as JSON is not known for certain, so another type is told and not refused.
  if (!JSON_TYPE.test(contentType)) {
    warnings.push({ code: 'content_type', detail: toMediaType(contentType) });
  }
  const attemptCount = headers['x-delivery-attempt-count'];
  if (attemptCount !== undefined && !/^\d{1,9}$/.test(attemptCount)) {
    warnings.push({ code: 'attempt_count', detail: `like "${toShape(attemptCount, 40)}"` });
  }
  if (data.fingerprint !== undefined && !isSafeFingerprint(data.fingerprint)) {
    warnings.push({ code: 'fingerprint_unsafe', detail: `of type ${typeof data.fingerprint}` });
  }
  return warnings;
}

/** Crisp's message ids are whole numbers that a JavaScript number holds exactly; any other could be two at once. */
function isSafeFingerprint(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
