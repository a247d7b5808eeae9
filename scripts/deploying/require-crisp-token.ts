import { openSecretStore } from '../../lib/app/open-secret-store.ts';
import { UsageError } from './usage-error.ts';

const TOKEN = ['CRISP_TOKEN_IDENTIFIER', 'CRISP_TOKEN_KEY'] as const;

/**
 * Looks whether both halves of the stage's Crisp token are stored; their values are not read. Throws `UsageError` where
 * one is missing: a stack without a token would take hooks in and fail every fetch of them.
 */
export async function requireCrispToken(place: {
  readonly stage: string;
  readonly region: string;
}): Promise<void> {
  const store = openSecretStore(place);
  try {
    const present = (await store.list()).map(({ name }) => name);
    const missing = TOKEN.filter((name) => !present.includes(name));
    if (missing.length === 0) return;
    const options = `--stage ${place.stage} --region ${place.region}`;
    const commands = missing
      .map((name) => `\`npx crisp-enrich secrets set ${name} ${options}\``)
      .join(' and ');
    throw new UsageError(
      `The Crisp token of stage '${place.stage}' is not in the parameter store of ${place.region}: enter it with ` +
        `${commands}, and deploy again. Nothing was created.`,
    );
  } finally {
    store.close();
  }
}
