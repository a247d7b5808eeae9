import { fileURLToPath } from 'node:url';
import { loadDeploySettings } from '../lib/app/load-config.ts';
import { parseStage } from './deploying/parse-stage.ts';
import { requireCredentials } from './deploying/require-credentials.ts';
import { runCommand } from './deploying/run-command.ts';
import { runOsls } from './packaging/run-osls.ts';
import { writeArtifacts } from './packaging/write-artifacts.ts';

// `npm run remove -- --stage S`: the stack goes; the archive and the ledger stay, for they cannot be had again.
const root = fileURLToPath(new URL('..', import.meta.url));

await runCommand(async () => {
  const { stage, forOsls } = parseStage(process.argv.slice(2));
  loadDeploySettings();
  await requireCredentials();
  // osls reads the whole service first, and wants its artefacts to exist.
  await writeArtifacts({ root });
  await runOsls(['remove', ...forOsls], { root, output: 'inherit' });
  console.log(
    `\nKept: the bucket crisp-enrich-${stage}-archive-… and the table crisp-enrich-${stage}-ledger. Delete them ` +
      'yourself where they are not wanted; a new stack of this stage cannot be created while they exist.',
  );
});
