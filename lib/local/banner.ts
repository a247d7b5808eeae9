import { InfraError } from '../config/infra-resolver.ts';
import { DEMO_HOOK_SECRET } from '../config/secrets.ts';
import { ConfigError } from '../errors.ts';
import { plural } from '../text.ts';
import { DataFolderError, type LocalAws } from './aws/embedded-aws.ts';
import { SIMULATOR_PORT } from './crisp.ts';
import { DEFAULT_AWS_PORT, DEFAULT_PORT, type LocalOptions, UsageError } from './options.ts';
import { type LocalMode, readQueueDepth } from './start.ts';

/** What a person sees first: where everything is, what gave way to a busy port, and what to try. */
export function formatBanner({ health, crisp }: LocalMode, { port, awsPort }: LocalOptions): string {
  const { webhook, queues, aws } = health;
  const frontDoor = port.isDefault ? explainPort(webhook, DEFAULT_PORT) : '';
  // A service that is not embedded has the port that somebody gave it.
  const isEmbedded = aws.endpoints.sqs === aws.endpoints.s3;
  const sqs = awsPort.isDefault && isEmbedded ? explainPort(queues.records, DEFAULT_AWS_PORT) : '';
  const simulator =
    crisp && ` (simulator; controls at ${crisp.controlUrl}${explainPort(health.crisp, SIMULATOR_PORT)})`;
  const rows: [what: string, where: string][] = [
    ['console', `${health.console}#token=${health.console_token}`],
    ['webhook', `POST ${webhook}${frontDoor}`],
    ['API', `${health.api}${health.api_key === undefined ? '' : ` (key ${health.api_key})`}`],
    ['Crisp', `${health.crisp}${simulator ?? ''}`],
    ['records', `${queues.records}${sqs}`],
    ['dead letters', queues['sessions-dlq']],
    ['addresses', `GET ${new URL('/healthz', webhook).href}`],
  ];
  if (crisp?.simulator.hookSecret === DEMO_HOOK_SECRET) rows.push(['hook secret', DEMO_HOOK_SECRET]);
  return ['crisp-enrich is ready.', ...rows.map(([what, where]) => `  ${what.padEnd(13)}${where}`), ''].join(
    '\n',
  );
}

/** Empty where the address has the usual port. */
function explainPort(url: string, usual: number): string {
  return new URL(url).port === String(usual) ? '' : `; ${usual} was in use`;
}

/**
 * A sentence where the usual port was taken, and the command line therefore finds somebody else; undefined otherwise.
 * `usualUrl` is for tests.
 */
export async function explainOther(
  { health }: Pick<LocalMode, 'health'>,
  { port }: LocalOptions,
  usualUrl = `http://127.0.0.1:${DEFAULT_PORT}`,
): Promise<string | undefined> {
  const { origin } = new URL(health.webhook);
  if (origin === usualUrl || !port.isDefault) return undefined;
  const isLocalMode = await fetch(`${usualUrl}/healthz`, { signal: AbortSignal.timeout(1000) })
    .then(async (response) => ((await response.json()) as { stage?: unknown }).stage === 'local')
    .catch(() => false);
  const other = isLocalMode ? `Another local mode runs at ${usualUrl}` : `Another program has ${usualUrl}`;
  return `${other}, where the command line looks. For this one:\n  export CRISP_ENRICH_URL=${origin}\n`;
}

interface StartFailure {
  /** What a person reads: one sentence, or the list of problems. */
  readonly text: string;
  /** 2 for a command line or configuration that cannot be followed, else 1. */
  readonly exitCode: 1 | 2;
}

/** What to tell where local mode could not start. Only a defect shows its stack. */
export function explainStartFailure(error: unknown): StartFailure {
  if (error instanceof UsageError || error instanceof ConfigError)
    return { text: error.message, exitCode: 2 };
  if (error instanceof InfraError || error instanceof DataFolderError) {
    return { text: error.message, exitCode: 1 };
  }
  const system = explainSystemError(error);
  if (system !== undefined) return { text: system, exitCode: 1 };
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: 1 };
}

function explainSystemError(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : 'a file of local mode';
  switch (error.code) {
    case 'ENOSPC':
      return `No space left for ${path}: free some, or choose another folder with --data DIR.`;
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'A service named by AWS_ENDPOINT_URL… does not answer: start it, or unset the variable.';
    case 'EISDIR':
      return `${path} is a folder where a file is expected: remove it, or start in another folder.`;
    default:
      return undefined;
  }
}

/** What the queues still hold at the end, and how to keep it the next time. */
export async function describeRest(
  { clients, resources, hasOwnQueues }: Pick<LocalAws, 'clients' | 'resources' | 'hasOwnQueues'>,
  dataDir: string | undefined,
): Promise<string> {
  const { sessions, 'sessions-dlq': deadLetters } = resources.queues;
  const waiting = await readQueueDepth(clients.sqs, sessions);
  const dead = await readQueueDepth(clients.sqs, deadLetters);
  const rest = `Left in the queues: ${plural(waiting.total, 'job')} waiting, ${plural(dead.total, 'dead letter')}.`;
  if (!hasOwnQueues || waiting.total + dead.total === 0) return rest;
  return dataDir === undefined
    ? `${rest} They go with this run; npm start -- --data DIR keeps them.`
    : `${rest} They are kept in ${dataDir}.`;
}
