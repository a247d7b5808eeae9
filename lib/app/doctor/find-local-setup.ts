import { readLocalModeHealth } from '../../adapters/local-mode-health.ts';
import { DEMO_TOKEN } from '../../core/config/demo-token.ts';
import type { Environment } from '../../core/config/environment.ts';
import { type LocalConfig, parseLocalConfig } from '../../core/config/parse-local-config.ts';
import { toInfraSettings } from '../../core/config/to-infra-settings.ts';
import type { Finding } from '../../core/doctor/finding.ts';
import { judgeHookMode } from '../../core/doctor/judge-hook-mode.ts';
import { isLoopbackUrl } from '../../core/is-loopback-url.ts';
import type { OperatedStage } from '../../core/operated-stage.ts';
import { attempt } from './attempt.ts';
import type { CrispSetup, Setup } from './setup.ts';

/** Finds how local mode is set up: from its environment, and from the one that runs. */
export async function findLocalSetup(environment: Environment, localUrl: URL): Promise<Setup> {
  const config = await attempt('configuration', () => parseLocalConfig(environment));
  const settings = await attempt('configuration', () =>
    toInfraSettings(environment, { isLocal: true, archiveBucketSuffix: '' }),
  );
  const stage = await attempt('local mode', () => readLocalModeHealth(localUrl));
  const configFindings = config.findings.length > 0 ? config.findings : settings.findings;
  return {
    stage: stage.value,
    settings: settings.value,
    crisp: config.value && findCrisp(config.value, stage.value),
    findings: [
      ...(configFindings.length > 0 ? configFindings : [SOUND]),
      ...(stage.value ? [toRunning(localUrl)] : stage.findings),
      ...(config.value ? judgeHooks(config.value) : []),
    ],
  };
}

const SOUND: Finding = { check: 'configuration', state: 'ok', message: 'every variable can be read' };

function toRunning({ origin }: URL): Finding {
  return { check: 'local mode', state: 'ok', message: `runs at ${origin}` };
}

/** The configured Crisp with its token, or the simulator of the local mode that runs: no token leaves for elsewhere. */
function findCrisp(config: LocalConfig, stage: OperatedStage | undefined): CrispSetup | undefined {
  const { crispApiUrl, crispTier: tier, websiteIds, include, secrets } = config;
  const token = secrets.source === 'environment' ? secrets.crispToken : undefined;
  if (token) return { baseUrl: crispApiUrl, tier, token, websiteIds, include };
  const simulatorUrl = stage?.crispUrl;
  if (simulatorUrl === undefined || !isLoopbackUrl(simulatorUrl)) return undefined;
  return { baseUrl: new URL(simulatorUrl), tier, token: DEMO_TOKEN, websiteIds, include };
}

function judgeHooks({ hookMode, secrets }: LocalConfig): Finding[] {
  const count = secrets.source === 'environment' ? secrets.hookSecrets.length : 0;
  const message = count === 0 ? 'the one of the demo' : `${count} in the environment`;
  return [judgeHookMode(hookMode), { check: 'secret CRISP_HOOK_SECRETS', state: 'ok', message }];
}
