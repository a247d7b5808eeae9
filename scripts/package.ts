import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDeploySettings } from '../lib/config/load.ts';
import { parseStage, runCommand } from './deploying/command.ts';
import { packageService } from './packaging/package-service.ts';

// `npm run package`: the functions' zips and the template, as `deploy` would upload them, without network.
const root = fileURLToPath(new URL('..', import.meta.url));

await runCommand(async () => {
  const { stage } = parseStage(process.argv.slice(2), { defaultStage: 'dev' });
  // A wrong configuration is told here, in words; osls would tell it with a stack.
  loadDeploySettings({ stage, folder: root });
  const { artifacts, templatePath, templateText, templateSha256 } = await packageService({ root, stage });
  console.log(`Packaged stage ${stage}:`);
  for (const { zipPath, zipBytes, zipSha256 } of artifacts) print(zipPath, zipBytes, zipSha256);
  print(templatePath, Buffer.byteLength(templateText), templateSha256);
});

function print(path: string, bytes: number, sha256: string): void {
  console.log(`  ${relative(root, path)}  ${bytes} bytes  sha256:${sha256}`);
}
