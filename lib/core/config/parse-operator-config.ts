import * as z from 'zod/mini';
import type { WebsiteId } from '../ids.ts';
import type { CoalesceWindow } from '../job/coalesce.ts';
import { dropBlanks, type Environment } from './environment.ts';
import { LOCAL_DEFAULTS } from './local-defaults.ts';
import { parseEnvironment } from './parse-environment.ts';
import { SECRET_VARIABLES } from './secret-variables.ts';
import { loopbackUrl } from './variable/loopback-url.ts';
import { variables } from './variables.ts';

/** What an operator's commands need to know; no secret is among it. */
export interface OperatorConfig {
  /** Of local mode's front door. */
  readonly localUrl: URL;
  /** Empty: all. */
  readonly websiteIds: readonly WebsiteId[];
  /** Of the jobs that are enqueued by hand. */
  readonly coalesce: CoalesceWindow;
  /** Where stages are, unless a command says otherwise; as `npm run deploy` chooses it. */
  readonly region: string;
  /** Of the AWS configuration; undefined: the default one. */
  readonly profile: string | undefined;
}

const DEFAULT_REGION = 'us-east-1';

/** The configuration of an operator's commands, for local mode or a stage; throws `ConfigError` with all problems. */
export function parseOperatorConfig(
  environment: Environment,
  { isLocal }: { readonly isLocal: boolean },
): OperatorConfig {
  const given = { ...(isLocal && LOCAL_DEFAULTS), ...dropBlanks(withoutSecrets(environment)) };
  const { values } = parseEnvironment(given, createVariables(), { hookSecrets: false, crispToken: false });
  return {
    localUrl: values.CRISP_ENRICH_URL,
    websiteIds: values.CRISP_WEBSITE_IDS,
    coalesce: {
      coalesceSeconds: values.COALESCE_SECONDS,
      marginSeconds: values.COALESCE_MARGIN_SECONDS,
    },
    region: given.AWS_REGION ?? given.AWS_DEFAULT_REGION ?? DEFAULT_REGION,
    profile: given.AWS_PROFILE,
  };
}

// Made when it is needed: the functions, which import this file's neighbours, must not carry it.
function createVariables() {
  const { CRISP_WEBSITE_IDS, COALESCE_SECONDS, COALESCE_MARGIN_SECONDS } = variables.shape;
  const CRISP_ENRICH_URL = loopbackUrl('http://127.0.0.1:4700');
  return z.object({ CRISP_WEBSITE_IDS, COALESCE_SECONDS, COALESCE_MARGIN_SECONDS, CRISP_ENRICH_URL });
}

/** No command needs a secret of the pipeline, so none is read, and a wrong one is nobody's trouble here. */
function withoutSecrets(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !(SECRET_VARIABLES as readonly string[]).includes(name)),
  );
}
