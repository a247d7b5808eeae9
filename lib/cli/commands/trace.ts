import { toDeadLetterJson } from '../../dead-letters/dead-letter.ts';
import { isWholeLook } from '../../dead-letters/unseen.ts';
import { toLookJson, toRunJson } from '../../operate/json.ts';
import type { SessionTrace } from '../../operate/sessions.ts';
import { toMoment, toVisibleJson } from '../../text.ts';
import { defineCommand } from '../command.ts';
import { DEFAULT_RUNS, FILTER_OPTIONS, findSession, SESSION_OPTIONS } from '../options.ts';
import { formatRun, RUN_HEAD } from '../output.ts';
import { DEAD_LETTER_HEAD, describeLook, formatDeadLetter } from './dlq-output.ts';

export const command = defineCommand({
  options: { ...SESSION_OPTIONS, max: FILTER_OPTIONS.max },
  examples: ['trace session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881 --stage prod'],
  async run(context) {
    const { options, isJson, output, signal, clock, connect } = context;
    const operations = await connect();
    const session = await findSession(context, operations);
    const { limit = DEFAULT_RUNS, max } = options;
    const [trace, breaker] = await Promise.all([
      operations.traceSession(session, { limit, max, signal }),
      operations.readBreaker(),
    ]);
    // It brings a client of AWS along, which the help has no use for.
    const { formatDeliveries, formatOwnOpening } = await import('./breaker-output.ts');
    const { toOpeningJson } = await import('../../operate/status.ts');
    if (isJson) {
      await output.write(`${toVisibleJson(toTraceJson(trace, toOpeningJson(breaker)), 2)}\n`);
      return isWholeLook(trace.look) ? 0 : 3;
    }
    // What holds the queue holds this session, too.
    const isHeld = breaker.opening !== undefined && !breaker.opening.closing;
    const held = `${isHeld ? `deliveries: ${formatDeliveries(breaker, clock.nowMs())}` : ''}${formatOwnOpening(breaker, session)}`;
    await output.write(describe(trace, { held, nowMs: clock.nowMs() }));
    for (const sentence of describeLook(trace.look)) output.warn(sentence);
    return isWholeLook(trace.look) ? 0 : 3;
  },
});

interface Moment {
  /** What holds the queue, and whether this session did. */
  readonly held: string;
  readonly nowMs: number;
}

function describe(
  { session, latest, runs, deadLetters, look }: SessionTrace,
  { held, nowMs }: Moment,
): string {
  const announced = latest?.announced ? 'announced' : 'archived, not yet announced';
  const record = latest
    ? `version ${latest.version} of ${toMoment(latest.version)}, ${latest.kind}, ${announced}`
    : 'none was ever archived';
  return [
    `${session.sessionId} of website ${session.websiteId}\n`,
    `newest record: ${record}\n`,
    held,
    runs.length === 0 ? '\nruns: none within 30 days\n' : '\nruns:\n',
    ...(runs.length === 0 ? [] : [RUN_HEAD, ...runs.map(formatRun)]),
    deadLetters.length === 0
      ? `\ndead letters: none${isWholeLook(look) ? '' : ' was seen'}\n`
      : '\ndead letters:\n',
    ...(deadLetters.length === 0 ? [] : [DEAD_LETTER_HEAD]),
    ...deadLetters.map((letter) => formatDeadLetter(letter, nowMs)),
  ].join('');
}

function toTraceJson({ session, latest, runs, deadLetters, look }: SessionTrace, opening: object | null) {
  return {
    website_id: session.websiteId,
    session_id: session.sessionId,
    latest: latest ?? null,
    opening,
    runs: runs.map(toRunJson),
    dead_letters: deadLetters.map(toDeadLetterJson),
    look: toLookJson(look),
  };
}
