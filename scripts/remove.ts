import { fileURLToPath } from 'node:url';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { askPerson, parseStage, runCommand, UsageError } from './deploying/command.ts';
import { deleteKeptData, findKeptData, type KeptData } from './deploying/kept-data.ts';
import { agreeOnRemoval, explainRemovalFailure } from './deploying/remove-stack.ts';
import { prepareTarget, readAccount, readStack, type Target } from './deploying/stack.ts';
import { runOsls, writeArtifacts } from './packaging/package-service.ts';

// `npm run remove -- --stage S`: the stack goes; archive and ledger stay, for they cannot be had again, and the next
// deployment of the stage takes them over. With --delete-data they go as well.
const root = fileURLToPath(new URL('..', import.meta.url));

await runCommand(async () => {
  const words = parseStage(process.argv.slice(2), { flags: ['delete-data', 'confirm', 'yes'] });
  const target = await prepareTarget(root, words);
  const account = await readAccount(target);
  const kept = await findKeptData(target, account);
  const isDeleting = words.flags.has('delete-data') && (kept.bucket ?? kept.table) !== undefined;
  if (isDeleting) await requireConsent(kept, words.confirm);
  await removeStack(target, { isAgreed: isDeleting || words.flags.has('yes') });
  if (isDeleting) return deleteKeptData(target, kept, account);
  const names = [kept.bucket, kept.table].filter((name) => name !== undefined);
  if (names.length === 0) return console.log('No archive and no ledger of this stage are left.');
  console.log(
    `\nKept: ${names.join(', ')}. The next deployment of this stage takes them over. To delete them for good: ` +
      `npm run remove -- ${target.options.join(' ')} --delete-data`,
  );
});

async function requireConsent({ bucket, table }: KeptData, confirm: string | undefined): Promise<void> {
  const name = bucket ?? table ?? '';
  console.log(
    `Archive and ledger are deleted for good, every version of every record: ${bucket ?? '-'}, ${table ?? '-'}.`,
  );
  const typed = confirm ?? (await askPerson(`Type ${name} to agree: `));
  if (typed === name) return;
  throw new UsageError(`Nothing was deleted: consent is the name, typed, or given with --confirm ${name}.`);
}

async function removeStack(target: Target, consent: { readonly isAgreed: boolean }): Promise<void> {
  const client = new CloudFormationClient({ region: target.region });
  try {
    if ((await readStack(client, target.stackName)) === undefined) {
      return console.log(`There is no stack ${target.stackName} in ${target.region}.`);
    }
    await agreeOnRemoval(target, consent);
    // osls wants the artefacts to exist whatever it is asked for.
    await writeArtifacts({ root });
    await runOsls(['remove', ...target.options], { root, output: 'inherit' }).catch(async () => {
      throw await explainRemovalFailure(client, target);
    });
  } finally {
    client.destroy();
  }
}
