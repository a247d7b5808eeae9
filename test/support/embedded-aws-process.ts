import { startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';

// An AWS in a process of its own, to be found or to be killed: `node embedded-aws-process.ts [DATA_FOLDER]`. It prints
// its endpoints.
const [, , dataDir] = process.argv;
const { endpoints } = await startEmbeddedAws(dataDir === undefined ? {} : { dataDir });
process.stdout.write(`${JSON.stringify(endpoints)}\n`);
