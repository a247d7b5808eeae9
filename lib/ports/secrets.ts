import type { CrispToken } from '../core/config/config.ts';

/** The secrets, read when they are needed: on AWS they may appear, or be rotated, while the function is warm. */
export interface Secrets {
  /** One to four signing secrets or URL keys; empty where none exists yet. */
  hookSecrets(): Promise<readonly string[]>;
  /** Undefined where none exists yet. */
  crispToken(): Promise<CrispToken | undefined>;
}
