import type { CrispTier, HookMode, Inclusion } from './config/config.ts';
import type { LocalConfig } from './config/parse-local-config.ts';
import type { InfraSettings } from './config/to-infra-settings.ts';
import type { WebsiteId } from './ids.ts';

/** The settings by which the doctor judges a local mode that runs: no secret is among them. */
export interface LocalSettings {
  readonly sessionsDelaySeconds: number;
  readonly consumerConcurrency: number;
  readonly hookMode: HookMode;
  /** How many hook secrets it was given; 0: the demo's. */
  readonly hookSecrets: number;
  readonly crispTier: CrispTier;
  /** Empty: all that the token may read. */
  readonly websiteIds: readonly WebsiteId[];
  readonly include: readonly Inclusion[];
}

export function toLocalSettings(
  { hookMode, secrets, crispTier, websiteIds, include }: LocalConfig,
  {
    sessionsDelaySeconds,
    consumerConcurrency,
  }: Pick<InfraSettings, 'sessionsDelaySeconds' | 'consumerConcurrency'>,
): LocalSettings {
  const hookSecrets = secrets.source === 'environment' ? secrets.hookSecrets.length : 0;
  return { sessionsDelaySeconds, consumerConcurrency, hookMode, hookSecrets, crispTier, websiteIds, include };
}

/** The names of what differs; which secrets somebody has around them says nothing. */
export function compareSettings(a: LocalSettings, b: LocalSettings): string[] {
  const { hookSecrets, ...compared } = a;
  const names = Object.keys(compared) as (keyof typeof compared)[];
  return names.filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
}
