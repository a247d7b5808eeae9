import { parseArgs } from 'node:util';

/** What follows `npm start --`. */
export interface LocalOptions {
  readonly demo: boolean;
  /** Push the demo through, print a summary, and end. */
  readonly once: boolean;
  readonly port: RequestedPort;
  readonly awsPort: RequestedPort;
  /** Directory that keeps the state of the embedded services over restarts. */
  readonly dataDir?: string;
  /** Admits `AWS_ENDPOINT_URL…` that is not loopback. */
  readonly awsEndpointOk: boolean;
  readonly help: boolean;
}

/** A default port may give way to a free one; one that was asked for may not. */
export interface RequestedPort {
  readonly port: number;
  readonly isDefault: boolean;
}

/** A command line that cannot be followed; the message says what was expected and what was found. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const DEFAULT_PORT = 4700;
export const DEFAULT_AWS_PORT = 4566;

export const LOCAL_USAGE = `npm start -- [options]

  --once               push the demo through, print a summary, exit
  --no-demo            no demo traffic
  --port N             port of the front door (default ${DEFAULT_PORT}; 0 takes a free one)
  --aws-port N         port of the embedded AWS (default ${DEFAULT_AWS_PORT}; 0 takes a free one)
  --data DIR           keep queues, archive and ledger in DIR over restarts
  --aws-endpoint-ok    allow an AWS_ENDPOINT_URL that is not on this machine
  --help               this text`;

/** Reads the command line. Throws `UsageError`. */
export function parseLocalOptions(args: readonly string[]): LocalOptions {
  const { values } = parseOrExplain(args);
  const once = values.once ?? false;
  if (once && values['no-demo'])
    throw new UsageError('--once plays the demo, so it cannot go with --no-demo');
  if (values.data === '') throw new UsageError("--data must be a directory, got ''");
  return {
    demo: !values['no-demo'],
    once,
    port: toPort('--port', values.port, DEFAULT_PORT),
    awsPort: toPort('--aws-port', values['aws-port'], DEFAULT_AWS_PORT),
    ...(values.data !== undefined && { dataDir: values.data }),
    awsEndpointOk: values['aws-endpoint-ok'] ?? false,
    help: values.help ?? false,
  };
}

function parseOrExplain(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean' },
        'no-demo': { type: 'boolean' },
        port: { type: 'string' },
        'aws-port': { type: 'string' },
        data: { type: 'string' },
        'aws-endpoint-ok': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message.split(/\.\s/)[0] : error}; see --help`, {
      cause: error,
    });
  }
}

function toPort(name: string, value: string | undefined, fallback: number): RequestedPort {
  if (value === undefined) return { port: fallback, isDefault: true };
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(port === 0 || (port >= 1024 && port <= 65535))) {
    throw new UsageError(`${name} must be 0 or 1024–65535, got '${value}'`);
  }
  return { port, isDefault: false };
}
