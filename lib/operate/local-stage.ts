import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { mapStageQueues } from '../aws/queues.ts';
import type { EventSourceMapping } from '../breaker/mapping.ts';
import { JobError, OperationError } from '../errors.ts';
import { isWebsiteId, parseWebsiteId, type WebsiteId } from '../ids.ts';
import { isLoopbackUrl } from '../text.ts';
import type { OperatedStage } from './stage.ts';

const healthSchema = z.object({
  status: z.literal('ok'),
  stage: z.literal('local'),
  aws: z.object({
    region: z.string(),
    endpoints: z.object({ sqs: z.url(), sns: z.optional(z.url()), s3: z.url(), dynamodb: z.url() }),
  }),
  queues: z.object(mapStageQueues(() => z.url())),
  topic: z.optional(z.string()),
  bucket: z.string(),
  table: z.string(),
  crisp: z.optional(z.url()),
  console: z.optional(z.url()),
  console_token: z.optional(z.string().check(z.regex(/^[\w-]+$/))),
  websites: z.optional(z.array(z.string())),
  settings: z.optional(
    z.object({
      sessionsDelaySeconds: z.number(),
      consumerConcurrency: z.number(),
      hookMode: z.enum(['plugin', 'website']),
      hookSecrets: z.number(),
      crispTier: z.enum(['plugin', 'website']),
      websiteIds: z.array(z.custom<WebsiteId>(isWebsiteId)),
      include: z.array(z.enum(['profile', 'pages', 'events', 'relations'])),
    }),
  ),
});

const ANSWER_WITHIN_MS = 3000;

/**
 * Asks a running local mode where its parts are. Throws `OperationError`: `local_mode_absent` where none answers,
 * `endpoint_not_loopback` where it points away from this machine: made-up credentials and test commands stay here.
 */
export async function readLocalModeHealth(url: URL): Promise<OperatedStage> {
  if (!isLoopbackUrl(url.href)) throw toElsewhere(url.href);
  const health = await askHealth(new URL('/healthz', url));
  const { stage, aws, queues, topic, bucket, table, crisp, websites, settings } = health;
  const { sqs, sns, s3, dynamodb } = aws.endpoints;
  const elsewhere = [sqs, sns ?? sqs, s3, dynamodb, ...Object.values(queues)].find(
    (it) => !isLoopbackUrl(it),
  );
  if (elsewhere !== undefined) throw toElsewhere(elsewhere);
  return {
    stage,
    region: aws.region,
    queues,
    bucket,
    table,
    consumer: undefined,
    endpoints: { sqs, sns, s3, dynamodb },
    topicArn: topic,
    websiteIds: websites?.map(parseWebsiteId).filter((it) => it !== undefined),
    crispUrl: crisp,
    localUrl: url,
    consoleUrl: health.console && `${health.console}#token=${health.console_token}`,
    settings,
  };
}

async function askHealth(url: URL): Promise<z.infer<typeof healthSchema>> {
  const answer = await askJson(url, 'GET').catch((cause: unknown) => {
    throw toAbsent(url, { cause });
  });
  const { data } = healthSchema.safeParse(answer);
  if (data === undefined) throw toAbsent(url);
  return data;
}

/** What a server of this machine answers. With `fetch` a command would load a second HTTP client beside the SDK's. */
async function askJson(url: URL, method: 'GET' | 'POST'): Promise<unknown> {
  const asked = request(url, { method, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const { statusCode = 0 } = response;
  if (statusCode >= 300 && statusCode < 400) throw new TypeError('redirected');
  return json(response);
}

function toAbsent({ origin }: URL, options?: ErrorOptions): OperationError {
  const message = `no local mode at ${origin}: run \`npm start\`, or name another address in CRISP_ENRICH_URL, or a stage on AWS with --stage STAGE`;
  return new OperationError('local_mode_absent', message, options);
}

function toElsewhere(url: string): OperationError {
  const host = URL.parse(url)?.host ?? 'this';
  const message = `${host} is not this machine: local mode is, and a stage on AWS is named with --stage STAGE`;
  return new OperationError('endpoint_not_loopback', message);
}

const deliveriesSchema = z.object({ deliveries: z.enum(['on', 'off', 'changing', 'absent']) });

/**
 * The event source mapping of a local mode that runs in another process, by its front door. Rejects with `JobError`
 * `switch_failed` where that does not answer.
 */
export function createLocalModeMapping(url: URL): EventSourceMapping {
  async function ask(method: 'GET' | 'POST', path: string) {
    return deliveriesSchema.parse(await askJson(new URL(path, url), method)).deliveries;
  }

  async function turn(path: string): Promise<void> {
    await ask('POST', path).catch(fail);
  }

  return {
    read: () => ask('GET', '/deliveries').catch(fail),
    turnOn: () => turn('/deliveries/on'),
    turnOff: () => turn('/deliveries/off'),
  };
}

function fail(cause: unknown): never {
  throw new JobError('switch_failed', { detail: 'local_mode_absent', cause });
}
