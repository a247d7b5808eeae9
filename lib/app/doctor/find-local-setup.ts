import { readLocalModeHealth } from '../../adapters/local-mode-health.ts';
import { DEMO_TOKEN } from '../../core/config/demo-token.ts';
import type { Environment } from '../../core/config/environment.ts';
import { type LocalConfig, parseLocalConfig } from '../../core/config/parse-local-config.ts';
import { toInfraSettings } from '../../core/config/to-infra-settings.ts';
import type { Finding } from '../../core/doctor/finding.ts';
import { judgeHookMode } from '../../core/doctor/judge-hook-mode.ts';
import { isLoopbackUrl } from '../../core/is-loopback-url.ts';
import { compareSettings, type LocalSettings, toLocalSettings } from '../../core/local-settings.ts';
import type { OperatedStage } from '../../core/operated-stage.ts';
import { attempt } from './attempt.ts';
import type { CrispSetup, Setup } from './setup.ts';

/**
 * Finds how local mode is set up. One that runs is judged by what it was started with; the environment says how the next
 * one would be, and has the token.
 */
export async function findLocalSetup(environment: Environment, localUrl: URL): Promise<Setup> {
  const config = await attempt('configuration', () => parseLocalConfig(environment));
  const settings = await attempt('configuration', () =>
    toInfraSettings(environment, { isLocal: true, archiveBucketSuffix: '' }),
  );
  const { value: stage, findings } = await attempt('local mode', () => readLocalModeHealth(localUrl));
  const configFindings = config.findings.length > 0 ? config.findings : settings.findings;
  const ofEnvironment = config.value && settings.value && toLocalSettings(config.value, settings.value);
  const judged = stage?.settings ?? ofEnvironment;
  return {
    stage,
    settings: judged && { ...(settings.value ?? DEFAULTS), ...toInfra(judged) },
    crisp: findCrisp(config.value, stage),
    findings: [
      ...(configFindings.length > 0 ? configFindings : [SOUND]),
      ...(stage ? [toRunning(localUrl, stage.settings, ofEnvironment)] : findings),
      ...(judged ? judgeHooks(judged) : []),
    ],
  };
}

const SOUND: Finding = { check: 'configuration', state: 'ok', message: 'every variable can be read' };

const DEFAULTS = toInfraSettings({}, { isLocal: true, archiveBucketSuffix: '' });

function toInfra({ sessionsDelaySeconds, consumerConcurrency }: LocalSettings) {
  return { sessionsDelaySeconds, consumerConcurrency };
}

function toRunning(
  { origin }: URL,
  running: LocalSettings | undefined,
  ofEnvironment: LocalSettings | undefined,
): Finding {
  const check = 'local mode';
  const message = `runs at ${origin}`;
  const differing = running && ofEnvironment ? compareSettings(running, ofEnvironment) : [];
  if (differing.length === 0) return { check, state: 'ok', message };
  return {
    check,
    state: 'warn',
    message: `${message}, with other settings than this environment has: ${differing.join(', ')}`,
    remedy: 'it is judged by its own; start it again if those of this environment are meant',
  };
}

/** The configured Crisp with its token, or the simulator of the local mode that runs: no token leaves for elsewhere. */
function findCrisp(
  config: LocalConfig | undefined,
  stage: OperatedStage | undefined,
): CrispSetup | undefined {
  const token = config?.secrets.source === 'environment' ? config.secrets.crispToken : undefined;
  if (config && token) {
    const { crispApiUrl, crispTier: tier, websiteIds, include } = config;
    return { isLocal: true, baseUrl: crispApiUrl, tier, token, websiteIds, include };
  }
  const settings = stage?.settings ?? config;
  const simulatorUrl = stage?.crispUrl;
  if (!settings || simulatorUrl === undefined || !isLoopbackUrl(simulatorUrl)) return undefined;
  const { crispTier: tier, websiteIds, include } = settings;
  return { isLocal: true, baseUrl: new URL(simulatorUrl), tier, token: DEMO_TOKEN, websiteIds, include };
}

function judgeHooks({ hookMode, hookSecrets }: LocalSettings): Finding[] {
  const message = hookSecrets === 0 ? 'the one of the demo' : `${hookSecrets} in its environment`;
  return [judgeHookMode(hookMode), { check: 'secret CRISP_HOOK_SECRETS', state: 'ok', message }];
}
