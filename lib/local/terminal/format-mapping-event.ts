import { plural } from '../../core/text/plural.ts';
import type { MappingEvent } from '../lambda/mapping-event.ts';

/** One readable line for what went wrong around the consumer; undefined for what goes as it should. */
export function formatMappingEvent(event: MappingEvent): string | undefined {
  switch (event.name) {
    case 'invocation-failed':
      return `fail   the consumer threw on a batch of ${event.messages}: ${toName(event.error)}`;
    case 'invocation-timed-out':
      return `fail   the consumer ran out of time on a batch of ${event.messages}`;
    case 'response-invalid':
      return `fail   the consumer's answer to a batch of ${event.messages} is invalid: ${event.reason}`;
    case 'poll-failed':
      return `warn   the sessions queue does not answer (${toName(event.error)}); again in ${event.retryMs} ms`;
    case 'delete-failed':
      return `warn   ${plural(event.messages, 'message')} could not be deleted (${toName(event.error)}) and will be received again`;
    case 'schedule-failed':
      return `fail   the probe threw: ${toName(event.error)}`;
    case 'state-changed':
    case 'batch-received':
    case 'batch-finished':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** The name of what failed: its message may hold anything. */
function toName(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
