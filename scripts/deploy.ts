import { fileURLToPath } from 'node:url';
import { loadDeploySettings } from '../lib/app/load-config.ts';
import { parseStage } from './deploying/parse-stage.ts';
import { requireCredentials } from './deploying/require-credentials.ts';
import { runCommand } from './deploying/run-command.ts';
import { runOsls } from './packaging/run-osls.ts';
import { writeArtifacts } from './packaging/write-artifacts.ts';

// `npm run deploy -- --stage S`: everything that can be wrong on this side is found before anything is created.
const root = fileURLToPath(new URL('..', import.meta.url));

await runCommand(async () => {
  const { stage, forOsls } = parseStage(process.argv.slice(2));
  loadDeploySettings();
  await requireCredentials();
  await writeArtifacts({ root });
  await runOsls(['deploy', ...forOsls], { root, output: 'inherit' });
  await runOsls(['info', '--verbose', ...forOsls], { root, output: 'inherit' });
  console.log(
    '\nNext: enter WebhookUrl (above) as the hook in Crisp. Then enter CRISP_TOKEN_IDENTIFIER, CRISP_TOKEN_KEY and ' +
      `CRISP_HOOK_SECRETS as SecureStrings below /crisp-enrich/${stage}/ (docs/runbook.md, "Enter a secret"). ` +
      'Until then the webhook answers 503 and queues nothing.',
  );
});
