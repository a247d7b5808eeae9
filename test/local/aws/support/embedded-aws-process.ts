import { startEmbeddedAws } from '../../../../lib/local/aws/embedded-aws.ts';

// Runs the embedded AWS in a process of its own, to be killed: `node embedded-aws-process.ts DATA_FOLDER`.
const [, , dataDir = ''] = process.argv;
const { endpoints } = await startEmbeddedAws({ dataDir });
process.stdout.write(`${JSON.stringify(endpoints)}\n`);
