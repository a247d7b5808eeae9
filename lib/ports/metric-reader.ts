import type { TelemetryEventName } from './telemetry.ts';

/** An event as it is counted: by the function that told it and, where it has one, by its code. */
export interface CountedEvent {
  readonly service: string;
  readonly name: TelemetryEventName;
  readonly code?: string;
}

/** Epoch ms; the end is not part of it. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface QueueGauge {
  /** The newest counts together: visible, in flight, delayed. */
  readonly messages: number;
  readonly oldestSeconds: number;
}

/** The stage's metrics. What was never published counts as nothing. */
export interface MetricReader {
  /** How often each happened within the span, to the hour, in the order given. */
  countEvents(events: readonly CountedEvent[], span: Span): Promise<readonly number[]>;
  /** The newest values within the span, in the order of the queues' names. */
  gaugeQueues(names: readonly string[], span: Span): Promise<readonly QueueGauge[]>;
}
