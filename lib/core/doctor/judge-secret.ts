import type { StoredSecretName } from '../config/stored-secrets.ts';
import { toMoment } from '../text/to-moment.ts';
import type { Finding } from './finding.ts';

/** A secret of a stage, without its value. */
export interface SecretFacts {
  readonly name: StoredSecretName;
  readonly stage: string;
  readonly region: string;
  /** Undefined where it does not exist. */
  readonly stored: { readonly changedMs: number | undefined; readonly isEncrypted: boolean } | undefined;
}

/** Whether a secret of a stage exists as it should. */
export function judgeSecret({ name, stage, region, stored }: SecretFacts): Finding {
  const check = `secret ${name}`;
  const remedy = `npx crisp-enrich secrets set ${name} --stage ${stage} --region ${region}`;
  if (!stored) return { check, state: 'fail', message: EFFECTS[name], remedy };
  if (!stored.isEncrypted) {
    const message = 'stored as plain text: whoever may list parameters may read it';
    return { check, state: 'fail', message, remedy: `delete the parameter, then ${remedy}` };
  }
  return {
    check,
    state: 'ok',
    message: `stored, changed ${toMoment(stored.changedMs) ?? 'at an unknown time'}`,
  };
}

const EFFECTS: Readonly<Record<StoredSecretName, string>> = {
  CRISP_HOOK_SECRETS: 'missing: every hook is answered 503 config_unavailable',
  CRISP_TOKEN_IDENTIFIER: 'missing: no conversation can be fetched',
  CRISP_TOKEN_KEY: 'missing: no conversation can be fetched',
};
