import { clipReason } from '../../core/run/clip-reason.ts';
import type { Telemetry, TelemetryEvent } from '../../ports/telemetry.ts';
import { LOGGED_FIELDS } from './logged-fields.ts';

/**
 * Passes on of each event its listed fields alone, and of these only texts, numbers and truth values; texts in at most
 * 2 KB, with nothing invisible in them, and without what `redact` takes out.
 */
export function createSafeTelemetry(telemetry: Telemetry, redact: (text: string) => string): Telemetry {
  return {
    emit(event) {
      const fields = Object.keys(LOGGED_FIELDS[event.name]).flatMap((field) => {
        const value = toSafeValue(Reflect.get(event, field), redact);
        return value === undefined ? [] : [[field, value]];
      });
      // The same event: a field keeps its type, or, where its value was none of it, is left out.
      telemetry.emit({ name: event.name, ...Object.fromEntries(fields) } as TelemetryEvent);
    },
  };
}

function toSafeValue(value: unknown, redact: (text: string) => string) {
  switch (typeof value) {
    case 'string':
      return clipReason(redact(value));
    case 'number':
    case 'boolean':
      return value;
    default:
      return value === null ? null : undefined;
  }
}
