import { parseArgs } from 'node:util';
import { systemClock } from '../../clock.ts';
import { createSimulator, type Simulator } from './simulator.ts';

const USAGE = `npm run simulator -- [options]
  --port 4701  --seed 1  --conversations 20  --messages 5  --websites 1
  --equal-timestamps-every 0  --text-only
  --tier plugin|website  --hook-url URL  --hook-mode plugin|website
  --data DIR  --switch name=position (repeatable)  --rate requests/s  --quota requests/day  --latency ms
Prints one line of JSON with what a client needs, then serves until it is interrupted.`;

const NUMBERS = {
  port: 4701,
  seed: 1,
  conversations: 20,
  messages: 5,
  websites: 1,
  'equal-timestamps-every': 0,
  quota: 0,
  latency: 0,
};

const { values } = parseArgs({
  options: {
    ...Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, { type: 'string' as const }])),
    'text-only': { type: 'boolean', default: false },
    tier: { type: 'string', default: 'plugin' },
    'hook-url': { type: 'string' },
    'hook-mode': { type: 'string', default: 'plugin' },
    data: { type: 'string' },
    switch: { type: 'string', multiple: true, default: [] },
    rate: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else await serve();

async function serve(): Promise<void> {
  const latencyMs = toNumber('latency');
  const simulator = createSimulator({
    clock: systemClock,
    seed: toNumber('seed'),
    tier: values.tier === 'website' ? 'website' : 'plugin',
    websites: Array.from({ length: toNumber('websites') }, () => ({})),
    limits: {
      dailyQuota: toNumber('quota'),
      ...(values.rate === undefined ? {} : { requestsPerSecond: Number(values.rate) }),
    },
    latency: { minMs: latencyMs, maxMs: latencyMs },
    ...(values.data === undefined ? {} : { dataDir: values.data }),
  });
  for (const assignment of values.switch) {
    const [name = '', position = ''] = assignment.split('=');
    simulator.setSwitch(name, /^\d+$/.test(position) ? Number(position) : position);
  }
  const isRestart = simulator.websites().some(({ conversations }) => conversations.size > 0);
  if (!isRestart) seed(simulator);

  const mode = values['hook-mode'] === 'website' ? 'website' : 'plugin';
  if (values['hook-url'] !== undefined) simulator.subscribeHook({ url: values['hook-url'], mode });
  const { url, stop } = await simulator.listen({ port: toNumber('port') });
  const { websiteIds, account, hookSecret } = simulator;
  const told = {
    ...{ url, api: `${url}/v1`, control: `${url}/_simulator`, website_ids: websiteIds, tier: account.tier },
    token_identifier: account.token.identifier,
    token_key: account.token.key,
    hook_secret: hookSecret,
  };
  console.log(JSON.stringify(told));
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => Promise.all([simulator.stop(), stop()]));
  }
}

function seed(simulator: Simulator): void {
  for (const websiteId of simulator.websiteIds) {
    simulator.seedConversations({
      websiteId,
      conversations: toNumber('conversations'),
      messages: toNumber('messages'),
      types: values['text-only'] ? 'text' : 'all',
      equalTimestampsEvery: toNumber('equal-timestamps-every'),
    });
  }
}

function toNumber(option: keyof typeof NUMBERS): number {
  const value = Number((values as Readonly<Record<string, unknown>>)[option] ?? NUMBERS[option]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError(`--${option} must be a whole number`);
}
