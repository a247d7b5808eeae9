import type { StoredSecret } from '../../config/secret-store.ts';
import { STORED_SECRETS } from '../../config/secrets.ts';
import { toMoment, toVisibleJson } from '../../text.ts';
import { defineCommand } from '../command.ts';
import { requireStage } from '../options.ts';
import { formatRow } from '../output.ts';

const COLUMNS = [24, 9, 26];

export const command = defineCommand({
  options: {},
  examples: ['secrets list --stage prod'],
  async run({ isJson, output, config, target }) {
    const stage = requireStage(target.stage, 'secrets list');
    const region = target.region ?? config.region;
    const { openSecretStore } = await import('../../config/secret-store.ts');
    const store = openSecretStore({ stage, region });
    try {
      const present = await store.list();
      const rows = STORED_SECRETS.map((name) => ({ name, stored: present.find((it) => it.name === name) }));
      await output.write(
        isJson
          ? `${toVisibleJson({ stage, region, path: store.path, secrets: rows.map(toJson) }, 2)}\n`
          : `${store.path} in ${region}\n\n${formatRow(['SECRET', 'VERSION', 'CHANGED'], COLUMNS)}${rows.map(toRow).join('')}`,
      );
      return 0;
    } finally {
      store.close();
    }
  },
});

interface Row {
  readonly name: string;
  readonly stored: StoredSecret | undefined;
}

function toRow({ name, stored }: Row): string {
  if (!stored) return formatRow([name, '-', 'missing'], COLUMNS);
  const changed = toMoment(stored.changedMs) ?? 'not known';
  const remark = stored.isEncrypted ? '' : '  not encrypted: delete it and set it again';
  return formatRow([name, String(stored.version), `${changed}${remark}`], COLUMNS);
}

function toJson({ name, stored }: Row) {
  return {
    name,
    exists: stored !== undefined,
    version: stored?.version ?? null,
    changed_at: toMoment(stored?.changedMs) ?? null,
    encrypted: stored?.isEncrypted ?? null,
    kms_key: stored?.kmsKey ?? null,
  };
}
