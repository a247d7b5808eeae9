import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { STAGE_QUEUE_NAMES, type StageQueue } from '../../aws/queues.ts';
import type { InfraSettings } from '../../config/infra-settings.ts';
import type { ExpectedQueue } from './checks.ts';

const FILE = new URL('../../../infra/queues.yml', import.meta.url);

// What decides how messages live; encryption and access are CloudFormation's own, and no emulator's.
const COMPARED = [
  'FifoQueue',
  'DeduplicationScope',
  'FifoThroughputLimit',
  'DelaySeconds',
  'VisibilityTimeout',
  'MessageRetentionPeriod',
] as const;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const fileSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: z.looseObject({
        QueueName: z.optional(z.string()),
        RedrivePolicy: z.optional(z.object({ maxReceiveCount: scalar })),
      }),
    }),
  ),
});

/**
 * What the infra files of this installation ask of the queues, with the stage's settings filled in. Rejects where the
 * file is not to be read.
 */
export async function readInfraQueues(
  settings: InfraSettings,
): Promise<ReadonlyMap<StageQueue, ExpectedQueue>> {
  // CloudFormation's own tags stay as they are: none of them stands before a value that is compared.
  const { Resources } = fileSchema.parse(parse(await readFile(FILE, 'utf8'), { logLevel: 'silent' }));
  const values: Readonly<Record<string, unknown>> = settings;
  const found = new Map<StageQueue, ExpectedQueue>();
  for (const { Type, Properties } of Object.values(Resources)) {
    const name = STAGE_QUEUE_NAMES.find((it) =>
      Properties.QueueName?.replace(/\.fifo$/, '').endsWith(`}-${it}`),
    );
    if (Type !== 'AWS::SQS::Queue' || name === undefined) continue;
    const attributes = COMPARED.flatMap((attribute) => toAttribute(attribute, Properties[attribute], values));
    const count = Properties.RedrivePolicy?.maxReceiveCount;
    found.set(name, {
      attributes: Object.fromEntries(attributes),
      maxReceiveCount: count === undefined ? undefined : String(count),
    });
  }
  return found;
}

const SETTING = /^\$\{self:custom\.settings\.(\w+)\}$/;

function toAttribute(
  name: string,
  property: unknown,
  settings: Readonly<Record<string, unknown>>,
): [string, string][] {
  if (property === undefined) return [];
  const setting = SETTING.exec(String(property))?.[1];
  return [[name, String(setting === undefined ? property : settings[setting])]];
}
