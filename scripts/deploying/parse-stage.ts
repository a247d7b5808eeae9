import { parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';

// The archive's bucket has the longest name (crisp-enrich-STAGE-archive-ACCOUNT), and S3 allows 63 characters.
const MAX_STAGE_LENGTH = 20;
const STAGE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
// Local mode's own: a stack of that name would only confuse.
const RESERVED_STAGE = 'local';

export interface StageArguments {
  readonly stage: string;
  /** Undefined: as the environment says. */
  readonly region?: string | undefined;
  /** What follows the stage's option, for osls. */
  readonly forOsls: readonly string[];
}

/** Reads `--stage S` and `--region R`. Throws `UsageError` for a stage that is missing or cannot be one. */
export function parseStage(words: readonly string[], defaultStage?: string): StageArguments {
  const { stage = defaultStage, region } = readOptions(words);
  if (stage === undefined)
    throw new UsageError('Say which stage: -- --stage STAGE, for instance --stage prod.');
  if (!STAGE.test(stage) || stage.length > MAX_STAGE_LENGTH || stage === RESERVED_STAGE) {
    throw new UsageError(
      `'${toPrintable(stage)}' cannot be a stage: use up to ${MAX_STAGE_LENGTH} lower-case letters, digits and ` +
        `single hyphens, beginning with a letter; '${RESERVED_STAGE}' is taken by local mode.`,
    );
  }
  if (region === undefined) return { stage, forOsls: ['--stage', stage] };
  return { stage, region, forOsls: ['--stage', stage, '--region', region] };
}

function readOptions(words: readonly string[]): { stage?: string; region?: string } {
  try {
    const options = { stage: { type: 'string' }, region: { type: 'string' } } as const;
    return parseArgs({ args: [...words], options, strict: true }).values;
  } catch (error) {
    throw new UsageError('The only options are --stage STAGE and --region REGION.', { cause: error });
  }
}

function toPrintable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 40);
}
