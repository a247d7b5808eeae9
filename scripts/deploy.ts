import { fileURLToPath } from 'node:url';
import { describeDeployment } from './deploying/describe-deployment.ts';
import { prepareStack } from './deploying/prepare-stack.ts';
import { runCommand } from './deploying/run-command.ts';
import { runOsls } from './packaging/run-osls.ts';

// `npm run deploy -- --stage S`: everything that can be wrong on this side is found before anything is created.
const root = fileURLToPath(new URL('..', import.meta.url));

await runCommand(async () => {
  const stack = await prepareStack(root, process.argv.slice(2), { needsToken: true });
  await runOsls(['deploy', ...stack.forOsls], { root, output: 'inherit' });
  await runOsls(['info', '--verbose', ...stack.forOsls], { root, output: 'inherit' });
  console.log(await describeDeployment(stack));
});
