import type { CrispToken } from '../core/config/config.ts';

export interface SecretOptions {
  /**
   * True after a secret was rejected: it may have been rotated, so it is read again, but never within a minute of the
   * last read: a flood of rejections must be no flood of reads. Until then, and where the read fails, the known value is
   * given.
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
