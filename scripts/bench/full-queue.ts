import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { loadLocalInfraSettings } from '../../lib/config/load.ts';
import { startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import { provisionResources } from '../../lib/local/aws/provision.ts';
import { listenOnLoopback } from '../../lib/local/http-server.ts';

const MAIN = fileURLToPath(new URL('../../lib/cli/crisp-enrich.mjs', import.meta.url));

// Told by the process itself, as its last words.
const TELL_PEAK = `data:text/javascript,process.on('exit',()=>process.stderr.write('\\npeak '+process.resourceUsage().maxRSS))`;

interface MeasuredCommand {
  readonly stdout: string;
  readonly seconds: number;
  /** The most memory that the process held at a time. */
  readonly peakMib: number;
}

/** Runs the command line in a process of its own. Rejects where it does not exit with 0. */
export async function measureCommand(words: readonly string[], url: string): Promise<MeasuredCommand> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['--import', TELL_PEAK, MAIN, ...words], {
    env: { CRISP_ENRICH_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const seconds = (performance.now() - startedMs) / 1000;
  const peak = /peak (\d+)$/.exec(texts.stderr)?.[1];
  if (exitCode !== 0 || peak === undefined) throw new Error(`exit code ${exitCode}: ${texts.stderr}`);
  return { stdout: texts.stdout, seconds, peakMib: Number(peak) / 1024 };
}

/** A stage on this machine in which nothing runs: only its queues are there. */
interface FullQueue {
  /** Where the command line finds it. */
  readonly url: string;
  /** Puts so many more messages into the dead-letter queue. */
  readonly add: (count: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const LANES = 8;
const PER_BATCH = 10;

/** What a message may be dead of, by its body alone; the last one tells nothing. */
const BODIES: readonly ((index: number) => string)[] = [
  () => 'not a job',
  () => '{"v":99}',
  () => '{"Type":"Notification","TopicArn":"arn:aws:sns:us-east-1:000000000000:other"}',
  (index) =>
    JSON.stringify({
      v: 1,
      websiteId: '8c842203-7ed8-4e29-a608-7cf78a7d2fcc',
      sessionId: `session_${index}`,
      mode: 'full',
    }),
];

export async function startFullQueue(): Promise<FullQueue> {
  const aws = await startEmbeddedAws();
  const { queues, bucket, table } = await provisionResources({
    endpoints: aws.endpoints,
    settings: loadLocalInfraSettings(),
  });
  const clients = createLocalAwsClients(aws.endpoints);
  const { region, endpoints } = aws;
  const health = JSON.stringify({
    status: 'ok',
    stage: 'local',
    aws: { region, endpoints },
    queues,
    bucket,
    table,
  });
  const door = await listenOnLoopback(
    createServer((_request, response) => response.end(health)),
    0,
  );
  let filled = 0;

  return {
    url: door.url,
    async add(count) {
      const end = filled + count;
      const lane = async () => {
        while (filled < end) {
          const from = filled;
          filled += PER_BATCH;
          await fill(clients.sqs, { QueueUrl: queues['sessions-dlq'], from });
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    },
    async stop() {
      clients.destroy();
      await door.stop();
      await aws.stop();
    },
  };
}

async function fill(sqs: SQSClient, { QueueUrl, from }: { QueueUrl: string; from: number }): Promise<void> {
  const Entries = Array.from({ length: PER_BATCH }, (_, offset) => {
    const index = from + offset;
    return {
      Id: String(offset),
      MessageBody: BODIES[index % BODIES.length]?.(index) ?? '',
      MessageGroupId: String(index),
      MessageDeduplicationId: String(index),
    };
  });
  await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
}
