import type { WebsiteId } from '../core/ids.ts';

/** The websites that have been seen, for a caller who names none. */
export interface KnownWebsites {
  list(): Promise<readonly WebsiteId[]>;
}
