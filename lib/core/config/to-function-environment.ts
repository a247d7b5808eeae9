import * as z from 'zod/mini';
import { dropBlanks, type Environment } from './environment.ts';
import { RESOURCE_VARIABLES, SUMMARY_VARIABLES, TEMPLATE_VARIABLES, variables } from './variables.ts';

const PLAIN_VARIABLES = Object.keys(
  z.omit(variables, { ...RESOURCE_VARIABLES, ...SUMMARY_VARIABLES, ...TEMPLATE_VARIABLES }).shape,
);

/**
 * The variables of whoever deploys that the functions get as their own: those that are set, and are neither secrets nor
 * resources nor for the template alone. What is not set stays with the code's default.
 */
export function toFunctionEnvironment(environment: Environment): Record<string, string> {
  const given = dropBlanks(environment);
  return Object.fromEntries(
    PLAIN_VARIABLES.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name].trim()]])),
  );
}
