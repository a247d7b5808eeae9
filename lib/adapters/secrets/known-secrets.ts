import { redactSecrets } from '../../core/text/redact-secrets.ts';
import { toSecretPattern } from '../../core/text/secret-pattern.ts';
import type { Secrets } from '../../ports/secrets.ts';

export interface KnownSecrets {
  /** The same secrets. */
  readonly secrets: Secrets;
  /** Takes out of a text all that was read from them until now, also what has been replaced since. */
  readonly redact: (text: string) => string;
}

/** Remembers every secret that is read, for the last look at what is logged or noted. */
export function createKnownSecrets(secrets: Secrets): KnownSecrets {
  const patterns = new Map<string, RegExp | undefined>();

  return {
    secrets: {
      ...secrets,
      async hookSecrets(...options) {
        const hookSecrets = await secrets.hookSecrets(...options);
        for (const secret of hookSecrets) remember(secret);
        return hookSecrets;
      },
      async crispToken(...options) {
        const token = await secrets.crispToken(...options);
        if (token) for (const secret of [token.identifier, token.key]) remember(secret);
        return token;
      },
    },
    redact: (text) => redactSecrets(text, [...patterns.values()].filter(isPattern)),
  };

  function remember(secret: string): void {
    if (!patterns.has(secret)) patterns.set(secret, toSecretPattern(secret));
  }
}

function isPattern(pattern: RegExp | undefined): pattern is RegExp {
  return pattern !== undefined;
}
