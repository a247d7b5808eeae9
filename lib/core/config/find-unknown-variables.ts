import type { ConfigProblem } from '../errors/config-error.ts';
import { findNearestName } from '../text/find-nearest-name.ts';
import { toPrintable } from '../text/to-printable.ts';
import type { Environment } from './environment.ts';
import { SECRET_VARIABLES } from './secret-variables.ts';
import { variables } from './variables.ts';

// The prefix that is ours alone: a misspelt variable of another name cannot be told from a stranger's.
const OWN_PREFIX = 'CRISP_';

/** Variables with our prefix that other parts of the project read. */
const READ_ELSEWHERE = ['CRISP_DAILY_QUOTA', 'CRISP_ENRICH_URL'];

const KNOWN_NAMES = [...Object.keys(variables.shape), ...SECRET_VARIABLES, ...READ_ELSEWHERE];

/** A problem for each `CRISP_…` variable that nobody reads: a misspelt one would otherwise be a silent default. */
export function findUnknownVariables(environment: Environment): ConfigProblem[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith(OWN_PREFIX) && !KNOWN_NAMES.includes(name))
    .map((name) => {
      const nearest = findNearestName(name, KNOWN_NAMES);
      return {
        code: 'config_unknown',
        variable: toPrintable(name),
        message: nearest ? `is not a variable. Did you mean ${nearest}?` : 'is not a variable',
      };
    });
}
