import { startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';

// An AWS for local mode to find, in a process of its own: prints its endpoints and serves until it is killed.
const { endpoints } = await startEmbeddedAws();
console.log(JSON.stringify(endpoints));
