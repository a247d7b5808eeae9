import { systemClock } from '../clock.ts';
import { isRunByNpm, loadLocalConfig, loadLocalEnvironment, loadLocalInfraSettings } from '../config/load.ts';
import { plural } from '../text.ts';
import { chooseEndpoints } from './aws/endpoints.ts';
import { describeRest, explainOther, explainStartFailure, formatBanner } from './banner.ts';
import type { SimulatedCrisp } from './crisp.ts';
import { formatProgress } from './lines.ts';
import { LOCAL_USAGE, type LocalOptions, parseLocalOptions, UsageError } from './options.ts';
import { type LocalMode, startLocalMode } from './start.ts';
import { openTerminal, type ReadRecord, type Terminal } from './terminal.ts';

// What a shell gives to a program that Ctrl-C ended.
const EXIT_INTERRUPTED = 130;

const LOOK_EVERY_MS = 250;

// Whoever closes our output (`| head`) has seen enough; a full disk has not.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));

try {
  await run(parseLocalOptions(process.argv.slice(2)));
} catch (error) {
  const { text, exitCode } = explainStartFailure(error);
  process.stderr.write(`${text}\n`);
  process.exit(exitCode);
}

async function run(options: LocalOptions): Promise<void> {
  if (options.help) {
    process.stdout.write(`${LOCAL_USAGE}\n`);
    return;
  }
  const config = loadLocalConfig();
  if (options.once && config.hasCrispCredentials) {
    throw new UsageError('--once plays the demo in the simulator, so it goes without a Crisp token');
  }
  const terminal = openTerminal({ write: (text) => process.stdout.write(text), clock: systemClock });
  const mode = await startLocalMode({
    options,
    config,
    settings: loadLocalInfraSettings(),
    givenEndpoints: chooseEndpoints(loadLocalEnvironment(), { allowRemote: options.awsEndpointOk }),
    clock: systemClock,
    terminal,
  });
  terminal.say(formatBanner(mode, options));
  const other = await explainOther(mode, options);
  if (other !== undefined) terminal.say(other);
  const { crisp } = mode;
  return options.once && crisp ? runOnce(mode, crisp, terminal) : runUntilStopped(mode, terminal, options);
}

async function runOnce(mode: LocalMode, crisp: SimulatedCrisp, terminal: Terminal): Promise<void> {
  const { playOnce } = await import('./once.ts');
  const report = await playOnce({ mode, crisp, clock: systemClock, terminal });
  terminal.stop();
  await mode.stop();
  terminal.say(`\n${report.text}`);
  process.exitCode = report.agrees ? 0 : 1;
}

async function runUntilStopped(
  mode: LocalMode,
  terminal: Terminal,
  { demo: withDemo, dataDir }: LocalOptions,
): Promise<void> {
  const { crisp } = mode;
  const { createDemo } = await import('./demo/demo.ts');
  const demo =
    crisp &&
    createDemo({
      simulator: crisp.simulator,
      clock: systemClock,
      say: terminal.say,
      coalesceSeconds: crisp.config.coalesce.coalesceSeconds,
    });
  if (crisp) terminal.showRecords(createRecordReader(mode.aws));
  if (withDemo) demo?.start();

  await untilStopped({ isRunByNpm: isRunByNpm() });
  terminal.say('\nStopping: running fetches may finish; once more Ctrl-C ends at once.');
  process.once('SIGINT', () => process.exit(EXIT_INTERRUPTED));
  await demo?.stop();
  terminal.say(await describeRest(mode.aws, dataDir));
  const cutOff = await mode.stop();
  terminal.stop();
  if (cutOff > 0)
    terminal.say(
      `Cut off: ${plural(cutOff, 'running fetch', 'running fetches')}. The messages stay in the queue.`,
    );
  terminal.say(formatProgress(terminal.traffic.totals()));
  process.exit(EXIT_INTERRUPTED);
}

/** Reads announced records from the archive. */
function createRecordReader({ clients, resources }: LocalMode['aws']): ReadRecord {
  return async (session, version) => {
    const { createS3RecordArchive } = await import('../record/archive.ts');
    const archive = createS3RecordArchive({ client: clients.s3, bucket: resources.bucket });
    const body = await archive.getRecord(session, version);
    return body === undefined ? undefined : JSON.parse(body);
  };
}

/**
 * Resolves when somebody wants this process to end: by SIGINT or SIGTERM, or, where npm started it, by ending npm. Its
 * shell does not pass signals on, and a process left behind would keep the ports.
 */
function untilStopped({ isRunByNpm }: { readonly isRunByNpm: boolean }): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    if (isRunByNpm) setInterval(() => process.ppid !== parent && resolve(), LOOK_EVERY_MS).unref();
  });
}
