import type { Clock } from '../clock.ts';
import type { CrispApi } from '../crisp/client.ts';
import type { BreakerNotes } from '../ledger/breaker-notes.ts';
import type { BestEffort } from '../ledger/table.ts';
import type { Telemetry } from '../telemetry/events.ts';
import type { EventSourceMapping } from './mapping.ts';

/** What breaker and probe work with. Every function of this folder takes it, or the part that it needs. */
export interface BreakerContext {
  /** What instances and probe know of each other. Best effort. */
  readonly notes: BreakerNotes;
  readonly bestEffort: BestEffort;
  readonly mapping: EventSourceMapping;
  /** The caller's own client: each question takes its turn like any other request. */
  readonly crisp: CrispApi;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** What an operator's commands need of it: they ask Crisp nothing. */
export type OperatorContext = Pick<BreakerContext, 'notes' | 'mapping' | 'clock'>;
