import type { Clock } from '../../ports/clock.ts';
import type { Tier } from './account.ts';
import type { WebsiteInput } from './invention/invent-website.ts';
import type { LimitsInput } from './limits/create-limits.ts';
import type { Switches } from './switches.ts';

export interface SimulatorOptions {
  readonly clock: Clock;
  /** Equal seeds, actions and clocks give equal ids, contents and hooks. Default 1. */
  readonly seed?: number;
  /** Drawn from the seed where it is absent. */
  readonly token?: { readonly identifier: string; readonly key: string };
  /** Default `plugin`. A `website` token is bound to the first website alone. */
  readonly tier?: Tier;
  /** Default all, as for a development token. */
  readonly scopes?: readonly string[];
  /** Default one. */
  readonly websites?: readonly WebsiteInput[];
  /** Secret that plugin hooks are signed with. Drawn from the seed where it is absent. */
  readonly hookSecret?: string;
  readonly switches?: Partial<Switches>;
  /** Default: none. */
  readonly limits?: LimitsInput;
  /**
   * A folder in which conversations, profiles and hooks on their way survive a restart, a kill included. Switches, limits,
   * faults, subscriptions and counters start anew. Equal seeds then no longer give equal ids after the first start.
   */
  readonly dataDir?: string;
  /** How long an answer takes, drawn evenly between the two. Default 0. */
  readonly latency?: { readonly minMs: number; readonly maxMs: number };
}
