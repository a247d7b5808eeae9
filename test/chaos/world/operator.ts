import { createOperations, type Operations } from '../../../lib/app/create-operations.ts';
import { OperationError } from '../../../lib/core/errors/operation-error.ts';
import { parseWebsiteId } from '../../../lib/core/ids.ts';
import type { OperatedStage } from '../../../lib/core/operated-stage.ts';
import type { InstanceClients } from './create-clients.ts';
import type { Instance, Role } from './instance.ts';
import type { Recorder } from './recorder.ts';
import { STAGE, toEnvironment, type WorldSettings } from './settings.ts';

export interface OperatorDeps {
  readonly settings: WorldSettings;
  readonly recorder: Recorder;
  readonly spawn: (role: Role) => Instance;
  readonly clientsOf: (instance: Instance) => InstanceClients;
}

/** A person with the command line; each command is a process of its own, which may be ended in its midst. */
export interface Operator {
  /** No command runs. */
  readonly isIdle: boolean;
  /** Runs a command; what it prints, or says where it fails, stands in the history. */
  run(action: string, command: (operations: Operations) => Promise<unknown>): Promise<void>;
}

export function createOperator({ settings, recorder, spawn, clientsOf }: OperatorDeps): Operator {
  const { coalesceSeconds, marginSeconds } = settings;
  const stage = toStage(settings);
  let running = 0;

  return {
    get isIdle() {
      return running === 0;
    },
    async run(action, command) {
      recorder.note({ type: 'operated', action });
      running += 1;
      const instance = spawn('operator');
      instance.isBusy = true;
      const operations = createOperations({
        clients: { ...clientsOf(instance), destroy() {} },
        clock: instance.clock,
        coalesce: { coalesceSeconds, marginSeconds },
        websiteIds: settings.websiteIds.flatMap((it) => parseWebsiteId(it) ?? []),
        stage,
      });
      const lived = await instance.outlive(command(operations));
      running -= 1;
      instance.kill('end');
      if (lived.outcome === 'died') return;
      const text = lived.outcome === 'returned' ? JSON.stringify(lived.value) : toText(lived.error);
      recorder.note({ type: 'line-written', by: instance.name, text: `${action}: ${text}` });
    },
  };
}

function toStage(settings: WorldSettings): OperatedStage {
  const environment = toEnvironment(settings);
  const queue = (name: string) =>
    `https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-${STAGE}-${name}`;
  return {
    stage: STAGE,
    region: 'eu-west-1',
    queues: {
      sessions: queue('sessions.fifo'),
      'sessions-dlq': queue('sessions-dlq.fifo'),
      records: queue('records'),
      'records-dlq': queue('records-dlq'),
      'records-undelivered': queue('records-undelivered'),
    },
    bucket: environment.ARCHIVE_BUCKET,
    table: environment.LEDGER_TABLE,
    consumer: {
      functionName: environment.CONSUMER_FUNCTION_NAME,
      queueArn: environment.SESSIONS_QUEUE_ARN,
    },
    endpoints: undefined,
  };
}

/** What the command line shows of a failure. */
function toText(error: unknown): string {
  if (error instanceof OperationError) return error.message;
  return error instanceof Error ? error.name : typeof error;
}
