import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { OperationError } from '../../errors.ts';
import { toVisibleJson } from '../../text.ts';
import { type CommandContext, defineCommand, type Options, toUsageError } from '../command.ts';
import { count } from '../options.ts';

const TOKEN_BYTES = 24;

const OPTIONS = {
  port: count({ help: 'listen there (default: any free port)', min: 1024, max: 65_535, unit: 'as a port' }),
} satisfies Options;

export const command = defineCommand({
  options: OPTIONS,
  examples: ['console', 'console --stage prod --region eu-west-1'],
  async run(context) {
    const { target, connect, options } = context;
    const operations = await connect();
    if (target.stage === undefined) {
      if (options.port !== undefined)
        throw toUsageError('--port goes with --stage: local mode has a console of its own');
      const { consoleUrl } = operations.stage;
      if (consoleUrl === undefined)
        throw new OperationError(
          'local_mode_absent',
          'the local mode that runs has no console: start it anew',
        );
      await print(context, consoleUrl);
      return 0;
    }
    const { serveConsole } = await import('../../console/serve.ts');
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const connected = async () => operations;
    const served = await serveConsole({
      token,
      connect: connected,
      clock: context.clock,
      port: options.port ?? 0,
    });
    await print(context, served.url);
    if (!context.signal.aborted) await once(context.signal, 'abort');
    await served.stop();
    return 130;
  },
});

async function print({ output, isJson, target }: CommandContext<typeof OPTIONS>, url: string): Promise<void> {
  if (isJson) return output.write(`${toVisibleJson({ console: url })}\n`);
  const stay =
    target.stage === undefined ? '' : 'It is there until Ctrl-C. Changes ask for the name of the queue.\n';
  await output.write(`Console: ${url}\n${stay}`);
}
