import type { InvalidResponse } from './read-batch-response.ts';

export type MappingState = 'Enabled' | 'Disabling' | 'Disabled' | 'Enabling';

/** What a trigger (mapping or schedule) tells about itself. */
export type MappingEvent =
  | { readonly name: 'batch-received'; readonly messages: number }
  | {
      readonly name: 'batch-finished';
      readonly messages: number;
      readonly failed: number;
      readonly durationMs: number;
    }
  | { readonly name: 'invocation-failed'; readonly messages: number; readonly error: unknown }
  | { readonly name: 'invocation-timed-out'; readonly messages: number }
  | { readonly name: 'response-invalid'; readonly messages: number; readonly reason: InvalidResponse }
  | { readonly name: 'poll-failed'; readonly error: unknown; readonly retryMs: number }
  | { readonly name: 'delete-failed'; readonly messages: number; readonly error: unknown }
  | { readonly name: 'schedule-failed'; readonly error: unknown }
  | { readonly name: 'state-changed'; readonly state: MappingState };
