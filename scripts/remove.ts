import { fileURLToPath } from 'node:url';
import { prepareStack } from './deploying/prepare-stack.ts';
import { runCommand } from './deploying/run-command.ts';
import { runOsls } from './packaging/run-osls.ts';

// `npm run remove -- --stage S`: the stack goes; the archive and the ledger stay, for they cannot be had again.
const root = fileURLToPath(new URL('..', import.meta.url));

await runCommand(async () => {
  const { stage, forOsls } = await prepareStack(root, process.argv.slice(2), { needsToken: false });
  await runOsls(['remove', ...forOsls], { root, output: 'inherit' });
  console.log(
    `\nKept: the bucket crisp-enrich-${stage}-archive-… and the table crisp-enrich-${stage}-ledger. Delete them ` +
      'yourself where they are not wanted; a new stack of this stage cannot be created while they exist.',
  );
});
