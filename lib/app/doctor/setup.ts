import type { CrispTier, CrispToken, Inclusion } from '../../core/config/config.ts';
import type { InfraSettings } from '../../core/config/to-infra-settings.ts';
import type { Finding } from '../../core/doctor/finding.ts';
import type { WebsiteId } from '../../core/ids.ts';
import type { OperatedStage } from '../../core/operated-stage.ts';

/** How the stage asks Crisp. */
export interface CrispSetup {
  /** True where local mode asks it. */
  readonly isLocal?: boolean;
  readonly baseUrl: URL;
  readonly tier: CrispTier;
  readonly token: CrispToken;
  readonly websiteIds: readonly WebsiteId[];
  readonly include: readonly Inclusion[];
}

/** How a stage is set up, as far as it could be found, and what was noticed on the way. */
export interface Setup {
  readonly findings: readonly Finding[];
  readonly stage: OperatedStage | undefined;
  readonly settings: InfraSettings | undefined;
  readonly crisp: CrispSetup | undefined;
}
