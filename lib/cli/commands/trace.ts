import { toDeadLetterJson } from '../../core/dead-letter/dead-letter-json.ts';
import { toMoment } from '../../core/text/to-moment.ts';
import { toVisibleJson } from '../../core/text/to-visible.ts';
import type { BreakerView } from '../../use-cases/breaker/read-breaker.ts';
import { isWholeLook } from '../../use-cases/dead-letters/unseen-messages.ts';
import type { SessionTrace } from '../../use-cases/trace-session.ts';
import { defineCommand } from '../command.ts';
import { FILTER_OPTIONS } from '../options/dead-letter-filter.ts';
import { findSession, SESSION_OPTIONS } from '../options/find-session.ts';
import { describeLook } from '../text/describe-look.ts';
import { DEAD_LETTER_HEAD, formatDeadLetter } from '../text/format-dead-letter.ts';
import { formatDeliveries, formatOwnOpening, toOpeningJson } from '../text/format-opening.ts';
import { formatRun, RUN_HEAD } from '../text/format-run.ts';
import { toLookJson } from '../text/look-json.ts';
import { toRunJson } from '../text/run-json.ts';

const DEFAULT_LIMIT = 50;

export const trace = defineCommand({
  name: 'trace',
  summary: 'what happened to a session: its newest record, its runs, its dead letters',
  words: 'SESSION',
  options: { ...SESSION_OPTIONS, max: FILTER_OPTIONS.max },
  async run(context) {
    const { options, isJson, output, signal, clock, connect } = context;
    const operations = await connect();
    const session = await findSession(context, operations);
    const { limit = DEFAULT_LIMIT, max } = options;
    const [trace, breaker] = await Promise.all([
      operations.traceSession(session, { limit, max, signal }),
      operations.readBreaker(),
    ]);
    const found = { ...trace, breaker };
    if (isJson) {
      await output.write(`${toVisibleJson(toTraceJson(found), 2)}\n`);
      return isWholeLook(found.look) ? 0 : 3;
    }
    await output.write(describe(found, clock.nowMs()));
    for (const sentence of describeLook(found.look)) output.warn(sentence);
    return isWholeLook(found.look) ? 0 : 3;
  },
});

type Found = SessionTrace & { readonly breaker: BreakerView };

function describe({ session, latest, runs, deadLetters, look, breaker }: Found, nowMs: number): string {
  const announced = latest?.announced ? 'announced' : 'archived, not yet announced';
  const record = latest
    ? `version ${latest.version} of ${toMoment(latest.version)}, ${latest.kind}, ${announced}`
    : 'none was ever archived';
  return [
    `${session.sessionId} of website ${session.websiteId}\n`,
    `newest record: ${record}\n`,
    // What holds the queue holds this session, too.
    breaker.opening && !breaker.opening.closing ? `deliveries: ${formatDeliveries(breaker, nowMs)}` : '',
    formatOwnOpening(breaker, session),
    runs.length === 0 ? '\nruns: none within 30 days\n' : '\nruns:\n',
    ...(runs.length === 0 ? [] : [RUN_HEAD, ...runs.map(formatRun)]),
    deadLetters.length === 0
      ? `\ndead letters: none${isWholeLook(look) ? '' : ' was seen'}\n`
      : '\ndead letters:\n',
    ...(deadLetters.length === 0 ? [] : [DEAD_LETTER_HEAD]),
    ...deadLetters.map((letter) => formatDeadLetter(letter, nowMs)),
  ].join('');
}

function toTraceJson({ session, latest, runs, deadLetters, look, breaker }: Found) {
  return {
    website_id: session.websiteId,
    session_id: session.sessionId,
    latest: latest ?? null,
    opening: toOpeningJson(breaker),
    runs: runs.map(toRunJson),
    dead_letters: deadLetters.map(toDeadLetterJson),
    look: toLookJson(look),
  };
}
