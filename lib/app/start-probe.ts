import { createSecrets } from '../adapters/secrets/create-secrets.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createProbeHandler } from './create-probe-handler.ts';
import { loadProbeConfig } from './load-config.ts';
import { startFunction } from './start-function.ts';

/** The probe of this process's environment; a wrong configuration ends the function at its start, and says why. */
export function startProbe() {
  return startFunction(() => {
    const config = loadProbeConfig();
    return createProbeHandler(config, { secrets: createSecrets(config.secrets, systemClock) });
  });
}
