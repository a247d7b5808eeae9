import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { QUEUE_NUMBERS, STAGE_QUEUE_NAMES, STAGE_QUEUES, toQueueName } from '../../lib/aws/queues.ts';
import { toInfraSettings } from '../../lib/config/infra-settings.ts';
import { variables } from '../../lib/config/variables.ts';
import { readInfraQueues } from '../../lib/operate/doctor/checks.ts';

describe('the queues of a stage', () => {
  const readInfra = () => readInfraQueues(toInfraSettings({}, { isLocal: true, archiveBucketSuffix: 'x' }));
  const readYaml = async (name: string): Promise<unknown> =>
    parse(await readFile(new URL(`../../infra/${name}`, import.meta.url), 'utf8'), { logLevel: 'silent' });

  test('the numbers that code reckons with are those of infra/queues.yml', async () => {
    const queues = await readInfra();
    const sessions = queues.get('sessions');
    const retentions = [...queues.values()].map(({ attributes }) => attributes.MessageRetentionPeriod);

    expect(Number(sessions?.attributes.VisibilityTimeout)).toBe(QUEUE_NUMBERS.visibilitySeconds);
    expect(Number(sessions?.maxReceiveCount)).toBe(QUEUE_NUMBERS.receiveLimit);
    expect(retentions).toEqual(STAGE_QUEUE_NAMES.map(() => String(QUEUE_NUMBERS.retentionSeconds)));
  });

  test('the visibility timeout is six times the timeout of the consumer', async () => {
    const functions = await readYaml('functions.yml');

    expect(functions).toMatchObject({ consumer: { timeout: QUEUE_NUMBERS.visibilitySeconds / 6 } });
  });

  test('an attempt is never the last receive, whatever MAX_ATTEMPTS says', () => {
    expect(z.safeParse(variables.shape.MAX_ATTEMPTS, String(QUEUE_NUMBERS.receiveLimit)).success).toBe(false);
    expect(z.safeParse(variables.shape.MAX_ATTEMPTS, '5').success).toBe(true);
  });

  test('kind, name and output of each queue are those of the infra files', async () => {
    const queues = await readInfra();
    const kinds = [...queues].map(([name, { attributes }]) => [name, attributes.FifoQueue === 'true']);
    const text = await readFile(new URL('../../infra/queues.yml', import.meta.url), 'utf8');
    const names = [...text.matchAll(/QueueName: (.+)/g)].map(([, name]) => name?.replace(/\$\{.+?\}/, 'dev'));

    expect(kinds).toEqual(STAGE_QUEUE_NAMES.map((name) => [name, STAGE_QUEUES[name].isFifo]));
    expect(names).toEqual(STAGE_QUEUE_NAMES.map((name) => toQueueName('dev', name)));
    for (const { output } of Object.values(STAGE_QUEUES)) {
      expect(await readYaml('outputs.yml')).toHaveProperty(`Outputs.${output}`);
    }
  });
});
