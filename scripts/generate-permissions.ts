import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EXAMPLE_KEY_ARN, formatPermissions } from './packaging/format-permissions.ts';
import { packageApart } from './packaging/package-service.ts';

// Writes docs/permissions.md from the packaged template; a test says whether it is up to date.
const root = fileURLToPath(new URL('..', import.meta.url));
const stage = 'docs';

const templateWith = (environment: Record<string, string>) =>
  packageApart({ root, stage, environment, read: async ({ templateText }) => templateText });

const standard = await templateWith({});
const ownKey = await templateWith({ KMS_KEY_ARN: EXAMPLE_KEY_ARN });
writeFileSync(
  new URL('../docs/permissions.md', import.meta.url),
  formatPermissions({ standard, ownKey, stage }),
);
console.log('docs/permissions.md written');
