import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { startRuntimeApi } from './runtime-api.ts';
import { RUNTIME_CLIENT } from './runtime-client.ts';

export interface FunctionOptions {
  /** Folder with the function's unpacked zip. */
  readonly taskRoot: string;
  /** As the template has it, e.g. `functions/webhook.handler`. */
  readonly handler: string;
  /** All of its environment, but for what names the runtime and its API. */
  readonly env: Readonly<Record<string, string>>;
}

/** One execution environment: a process of its own under AWS's runtime client, warm until it is ended. */
export interface RunningFunction {
  /** Resolves when its code is loaded: with the ms since the process was started. Rejects with why it is not. */
  readonly loaded: Promise<number>;
  /** Resolves with the handler's response; rejects with the error that the runtime reports, or if the process ends. */
  invoke(event: unknown, context: { readonly remainingMs: number }): Promise<unknown>;
  /** All that it printed so far. */
  output(): string;
  /** Kills it, as Lambda does at the end of its time; resolves when it is gone. */
  terminate(): Promise<void>;
  /** Resolves with the signal, or the exit code, that it ended with. */
  readonly ended: Promise<string | number>;
}

const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:';

/** Starts a bundle as Lambda starts it: AWS's runtime client in a fresh process, and a Runtime API for it alone. */
export async function startFunction({ taskRoot, handler, env }: FunctionOptions): Promise<RunningFunction> {
  const api = await startRuntimeApi();
  const startedMs = performance.now();
  const child = spawn(process.execPath, [RUNTIME_CLIENT], {
    cwd: taskRoot,
    env: { ...env, AWS_LAMBDA_RUNTIME_API: api.address, LAMBDA_TASK_ROOT: taskRoot, _HANDLER: handler },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'exit').then(async ([code, signal]) => {
    await api.close();
    return signal ?? code;
  });
  const died = ended.then((how) => Promise.reject(new Error(`the process ended (${how}): ${output}`)));
  died.catch(() => {}); // Only who waits for the process cares.
  const loaded = Promise.race([api.ready, died]).then(() => performance.now() - startedMs);
  loaded.catch(() => {});

  return {
    loaded,
    ended,
    output: () => output,
    invoke: (event, { remainingMs }) => {
      const functionArn = `${FUNCTION_ARN}${env.AWS_LAMBDA_FUNCTION_NAME}`;
      const invocation = { event, remainingMs, functionArn, requestId: randomUUID() };
      return Promise.race([api.invoke(invocation), died]);
    },
    async terminate() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
