import type { Telemetry, TelemetryEvent, TelemetryEventName } from '../../lib/ports/telemetry.ts';

/** Telemetry that a test reads afterwards. */
export interface RecordingTelemetry extends Telemetry {
  readonly events: readonly TelemetryEvent[];
  /** The events of one name, oldest first. */
  named<Name extends TelemetryEventName>(name: Name): Extract<TelemetryEvent, { name: Name }>[];
}

export function createRecordingTelemetry(): RecordingTelemetry {
  const events: TelemetryEvent[] = [];

  return {
    events,
    emit(event) {
      events.push(event);
    },
    named<Name extends TelemetryEventName>(name: Name) {
      return events.filter((event): event is Extract<TelemetryEvent, { name: Name }> => event.name === name);
    },
  };
}
