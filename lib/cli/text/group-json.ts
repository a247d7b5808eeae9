import type { DeadLetterGroup } from '../../core/dead-letter/dead-letter-groups.ts';
import { toMoment } from '../../core/text/to-moment.ts';

export function toGroupJson({ code, count, oldestMs, expiresMs }: DeadLetterGroup) {
  return {
    code,
    count,
    oldest_dead_since: toMoment(oldestMs) ?? null,
    first_expires_at: toMoment(expiresMs) ?? null,
  };
}
