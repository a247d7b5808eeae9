import { type OpenSecretStore, openSecretStore } from '../../app/open-secret-store.ts';
import { STORED_SECRETS } from '../../core/config/stored-secrets.ts';
import { toMoment } from '../../core/text/to-moment.ts';
import { toVisibleJson } from '../../core/text/to-visible.ts';
import type { StoredSecret } from '../../ports/secret-store.ts';
import { defineCommand } from '../command.ts';
import { requireStage } from '../options/require-stage.ts';
import { formatRow } from '../text/format-row.ts';

const COLUMNS = [24, 9, 26];

/** The command over a store of its own. */
export function createSecretsList(
  openStore: (place: { readonly stage: string; readonly region: string }) => OpenSecretStore,
) {
  return defineCommand({
    name: 'secrets list',
    summary: 'which secrets of a stage exist, and since when; never what they are',
    options: {},
    async run({ isJson, output, config, target }) {
      const stage = requireStage(target.stage, 'secrets list');
      const region = target.region ?? config.region;
      const store = openStore({ stage, region });
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
}

export const secretsList = createSecretsList(openSecretStore);

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
