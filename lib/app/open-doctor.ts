import type { Finding } from '../core/doctor/finding.ts';
import type { ConnectOptions } from './connect-stage.ts';
import { examineSetup } from './doctor/examine-setup.ts';
import { findSetup } from './doctor/find-setup.ts';
import { type LiveLook, observeSetup } from './doctor/observe-setup.ts';
import { createOperatorClients } from './operator-clients.ts';

export interface Doctor {
  /** Looks at everything, and changes nothing. */
  examine(): Promise<readonly Finding[]>;
  /** Asks Crisp and SQS what no document says; makes a queue and deletes it. Rejects with `OperationError`. */
  observe(): Promise<LiveLook>;
  /** Closes the connections. */
  close(): void;
}

/** A doctor for local mode or a stage. */
export async function openDoctor(options: ConnectOptions): Promise<Doctor> {
  const setup = await findSetup(options);
  const clients = setup.stage && createOperatorClients(setup.stage);
  const { clock } = options;
  const sqs = clients?.sqs;
  return {
    examine: () => examineSetup(setup, { nodeVersion: process.versions.node, sqs, clock }),
    observe: () => observeSetup(setup, { sqs, clock }),
    close: () => clients?.destroy(),
  };
}
