import { loadDeploySettings } from '../lib/app/load-config.ts';

// osls loads only .js here; what it needs is computed by the same code that reads the configuration at run time.

/** The numbers that infra/*.yml call `self:custom.settings.NAME`. */
export function settings() {
  return loadDeploySettings().settings;
}

/** The variables that whoever deploys has set; each function's own defaults stand for the others. */
export function environment() {
  return loadDeploySettings().environment;
}
