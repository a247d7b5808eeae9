import type { ConfigProblem } from '../errors/config-error.ts';
import type { Environment } from './environment.ts';
import { isOnAws } from './is-on-aws.ts';

/** What a developer may do on one machine, and no function may on AWS. */
export function findPlatformProblems(environment: Environment): ConfigProblem[] {
  if (!isOnAws(environment)) return [];
  const problems: ConfigProblem[] = [];
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    const message = 'switches the check of TLS certificates off: remove it';
    problems.push({ code: 'config_invalid', variable: 'NODE_TLS_REJECT_UNAUTHORIZED', message });
  }
  if (environment.CRISP_API_URL?.trim().toLowerCase().startsWith('http:')) {
    const message = 'expected https: a function has no Crisp on its own machine';
    problems.push({ code: 'config_invalid', variable: 'CRISP_API_URL', message });
  }
  return problems;
}
