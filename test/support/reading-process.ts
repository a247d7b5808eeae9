import { systemClock } from '../../lib/clock.ts';
import { createCrispApi } from '../../lib/crisp/client.ts';
import { aSession } from './builders.ts';

// Reads two conversations from a server in a process of its own, `node reading-process.ts URL MAX_BYTES`: session_a,
// which is answered well, and then session_bad. It prints why the second failed, and by how much its memory grew.
const [, , url = '', maxBytes = ''] = process.argv;
const crisp = createCrispApi({
  baseUrl: new URL(url),
  tier: 'plugin',
  secrets: {
    hookSecrets: async () => [],
    apiKeys: async () => [],
    crispToken: async () => ({ identifier: 'id', key: 'key' }),
  },
  throttle: { take: async () => {}, noteRefusal: () => {}, ratePerSecond: 10 },
  clock: systemClock,
  maxResponseBytes: Number(maxBytes),
});

await crisp.getConversation(aSession('session_a'));
const before = process.memoryUsage.rss();
const reason = await crisp.getConversation(aSession('session_bad')).catch(({ reason }) => reason);
// The most it ever held, which is above what it held before: a bound from above.
const grownBytes = process.resourceUsage().maxRSS * 1024 - before;
process.stdout.write(`${JSON.stringify({ reason, grownBytes })}\n`);
await crisp.close();
