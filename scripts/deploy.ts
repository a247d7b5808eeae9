import { fileURLToPath } from 'node:url';
import { prepareStack } from './deploying/prepare-stack.ts';
import { runCommand } from './deploying/run-command.ts';
import { runOsls } from './packaging/run-osls.ts';

// `npm run deploy -- --stage S`: everything that can be wrong on this side is found before anything is created.
const root = fileURLToPath(new URL('..', import.meta.url));

await runCommand(async () => {
  const { stage, forOsls } = await prepareStack(root, process.argv.slice(2));
  await runOsls(['deploy', ...forOsls], { root, output: 'inherit' });
  await runOsls(['info', '--verbose', ...forOsls], { root, output: 'inherit' });
  console.log(
    '\nNext: enter WebhookUrl (above) as the hook in Crisp. Then enter CRISP_TOKEN_IDENTIFIER, CRISP_TOKEN_KEY and ' +
      `CRISP_HOOK_SECRETS as SecureStrings below /crisp-enrich/${stage}/ (docs/runbook.md, "Enter a secret"). ` +
      'Until then the webhook answers 503 and queues nothing.',
  );
});
