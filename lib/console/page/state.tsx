import type { LineOutcome, RedriveEntry, TimelineEntry } from '../model.ts';

/** How a state looks: by colour, by sign, and always beside a word. */
export type Tone = 'ok' | 'warn' | 'bad' | 'busy' | 'quiet';

const SIGNS: Readonly<Record<Tone, string>> = { ok: '✓', warn: '!', bad: '✕', busy: '↻', quiet: '·' };

export function State({ tone, children }: { tone: Tone; children: preact.ComponentChildren }) {
  return (
    <span class={`state tone-${tone}`}>
      <span class="sign" aria-hidden="true">
        {SIGNS[tone]}
      </span>
      {children}
    </span>
  );
}

interface UnreadableProps {
  /** The beginning of the sentence: `The runs`. */
  readonly what: string;
  readonly error: Error;
  readonly onRetry: () => void;
}

/** In the place of what the server could not read. */
export function Unreadable({ what, error, onRetry }: UnreadableProps) {
  return (
    <div class="empty">
      <h2>{what} could not be read</h2>
      <p>{error.message}</p>
      <button type="button" class="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

type Look = readonly [tone: Tone, word: string];

export const OUTCOMES: Readonly<Record<LineOutcome, Look>> = {
  waiting: ['busy', 'waiting'],
  fetching: ['busy', 'fetching'],
  emitted: ['ok', 'new record'],
  unchanged: ['quiet', 'unchanged'],
  removed: ['quiet', 'removed'],
  skipped: ['quiet', 'skipped'],
  covered: ['quiet', 'covered'],
  superseded: ['quiet', 'superseded'],
  deferred: ['warn', 'deferred'],
  held: ['warn', 'held'],
  failed: ['bad', 'failed'],
  dead: ['bad', 'dead-lettered'],
};

export const ENTRY_STATES: Readonly<Record<RedriveEntry['state'], Look>> = {
  waiting: ['busy', 'not moved yet'],
  queued: ['busy', 'queued'],
  record: ['ok', 'new record'],
  unchanged: ['quiet', 'unchanged'],
  covered: ['quiet', 'covered'],
  failed: ['bad', 'failed again'],
  kept: ['warn', 'kept'],
  gone: ['warn', 'gone'],
};

export const STEPS: Readonly<Record<TimelineEntry['kind'], Look>> = {
  hook: ['quiet', 'hook'],
  queued: ['quiet', 'queued'],
  coalesced: ['quiet', 'coalesced'],
  waiting: ['busy', 'waiting'],
  fetched: ['busy', 'fetched'],
  archived: ['warn', 'archived'],
  announced: ['ok', 'announced'],
  unchanged: ['quiet', 'unchanged'],
  covered: ['quiet', 'covered'],
  superseded: ['quiet', 'superseded'],
  skipped: ['quiet', 'skipped'],
  removed: ['quiet', 'removed'],
  deferred: ['warn', 'deferred'],
  held: ['warn', 'held'],
  failed: ['bad', 'failed'],
  dead: ['bad', 'failed for good'],
  'dead-lettered': ['bad', 'dead-lettered'],
  redriven: ['busy', 'redriven'],
};
