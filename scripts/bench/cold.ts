import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleFunctions } from '../packaging/bundle-functions.ts';
import { startFakeAws } from './fake-aws.ts';
import { aHook } from './hook.ts';
import { interleave, median, noiseOf, runSubject, type Sample } from './measure.ts';
import type { SuiteResult } from './report.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KB = 1000;

/** Cold start of the webhook, and the size of both bundles, beside the same stack as its documentation has it. */
export async function runCold({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const folder = await mkdtemp(join(tmpdir(), 'crisp-enrich-bench-'));
  const aws = await startFakeAws();
  try {
    const sizes = await writeBundles(folder);
    const measure = (name: string, key: 'cpuMs' | 'wallMs') => async () => {
      const sample = await runSubject<Sample>(
        'cold-start.mjs',
        { path: join(folder, `${name}.mjs`), hook: aHook(1, Date.now()) },
        toEnvironment(aws.url),
      );
      return sample[key];
    };
    const cpu = await interleave(
      {
        typical: measure('typical-webhook', 'cpuMs'),
        ours: measure('webhook', 'cpuMs'),
        again: measure('typical-webhook', 'cpuMs'),
      },
      isQuick ? 3 : 11,
    );
    const toGoal = (id: string, what: string, bytes: number, bound: number) => {
      return { id, what, figure: bytes / KB, bound };
    };
    return {
      suite: 'cold',
      noise: noiseOf(cpu.typical, cpu.again),
      goals: [
        {
          id: 'P9',
          what: 'webhook cold: import and first hook ÷ typical stack',
          figure: median(cpu.ours) / median([...cpu.typical, ...cpu.again]),
          bound: 0.65,
        },
        toGoal('P11', 'bundle of the webhook, KB', sizes.webhook, 400),
        toGoal('P11', 'bundle of the consumer, KB', sizes.consumer, 1250),
      ],
      rows: [
        { subject: 'webhook', what: 'cold start, CPU', value: median(cpu.ours), unit: 'ms' },
        { subject: 'typical stack', what: 'cold start, CPU', value: median(cpu.typical), unit: 'ms' },
        { subject: 'webhook', what: 'the same, least', value: Math.min(...cpu.ours), unit: 'ms' },
        { subject: 'typical stack', what: 'the same, least', value: Math.min(...cpu.typical), unit: 'ms' },
        { subject: 'typical webhook', what: 'bundle', value: sizes.typicalWebhook / KB, unit: 'KB' },
        { subject: 'typical consumer', what: 'bundle', value: sizes.typicalConsumer / KB, unit: 'KB' },
      ],
    };
  } finally {
    await aws.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ours as they are deployed; the typical ones with esbuild's usual options for a Lambda function. */
async function writeBundles(folder: string) {
  const [bundles, typicalWebhook, typicalConsumer] = await Promise.all([
    bundleFunctions(ROOT),
    bundleTypical('typical-webhook', folder),
    bundleTypical('typical-consumer', folder),
  ]);
  const sizes = new Map(bundles.map(({ name, code }) => [name, code.length]));
  await Promise.all(bundles.map(({ name, code }) => writeFile(join(folder, `${name}.mjs`), code)));
  return {
    webhook: sizes.get('webhook') ?? Number.NaN,
    consumer: sizes.get('consumer') ?? Number.NaN,
    typicalWebhook,
    typicalConsumer,
  };
}

async function bundleTypical(name: string, folder: string): Promise<number> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [`scripts/bench/subjects/${name}.ts`],
    outfile: join(folder, `${name}.mjs`),
    bundle: true,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    logLevel: 'silent',
  });
  return Object.values(metafile.outputs).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What Lambda and the template give the webhook, with AWS on this machine. */
function toEnvironment(awsUrl: string) {
  return {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'an-example',
    AWS_SESSION_TOKEN: 'an-example',
    AWS_ENDPOINT_URL: awsUrl,
    AWS_LAMBDA_FUNCTION_NAME: 'bench-webhook',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    CRISP_SECRETS_PATH: '/crisp-enrich/bench/',
    METRICS_NAMESPACE: 'crisp-enrich/bench',
    SESSIONS_QUEUE_URL: `${awsUrl}/123456789012/crisp-enrich-bench-sessions.fifo`,
    LEDGER_TABLE: 'crisp-enrich-bench-ledger',
  };
}
