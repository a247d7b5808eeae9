import type { CrispToken } from '../core/config/config.ts';

export interface SecretOptions {
  /**
   * True after a secret was rejected: it may have been rotated, so it is read past any cache. At most once within 15 s,
   * so that a flood of rejections is none of reads; in between, the value of the last such read is given.
   */
  readonly fresh?: boolean;
}

/** The secrets, read when they are needed: on AWS they may appear, or be rotated, while the function is warm. */
export interface Secrets {
  /** One to four signing secrets or URL keys; empty where none exists yet. */
  hookSecrets(options?: SecretOptions): Promise<readonly string[]>;
  /** Undefined where none exists yet. */
  crispToken(options?: SecretOptions): Promise<CrispToken | undefined>;
}
