import type { Environment } from './environment.ts';

/** Where local mode differs from AWS: nobody wants to wait a minute for a demo, and one machine has one clock. */
export const LOCAL_DEFAULTS: Environment = {
  COALESCE_SECONDS: '2',
  COALESCE_MARGIN_SECONDS: '1',
};

/** With the simulator in Crisp's place there is no limit to respect but this machine's. */
export const SIMULATOR_DEFAULTS: Environment = {
  CRISP_REQUESTS_PER_SECOND: '200',
};
