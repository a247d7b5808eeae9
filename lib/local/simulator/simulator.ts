import type { ListeningServer } from '../http-server.ts';
import { listen } from './server.ts';
import { createWorkspace, type SimulatorOptions, type Workspace } from './workspace.ts';

/** A Crisp workspace on this machine: its state and actions, its hooks, its API and controls. */
export interface Simulator extends Workspace {
  /** Port 0, the default, takes a free one. The API's base is `url` + `/v1`. */
  listen(options?: { readonly port?: number }): Promise<ListeningServer>;
  /** Ends hook deliveries. Servers are stopped by their own `stop`. */
  stop(): Promise<void>;
}

/** Builds a simulator that listens to nothing yet. */
export function createSimulator(options: SimulatorOptions): Simulator {
  const { clock } = options;
  const workspace = createWorkspace(options);
  return {
    ...workspace,
    listen: ({ port = 0 } = {}) => listen(workspace, clock, port),
    stop: workspace.hooks.stop,
  };
}
