import type { BreakerView } from '../../breaker/pause.ts';
import { toDeadLetterJson } from '../../dead-letters/dead-letter.ts';
import { isWholeLook } from '../../dead-letters/queue.ts';
import type { SessionTrace } from '../../operate/sessions.ts';
import { toMoment, toVisibleJson } from '../../text.ts';
import { defineCommand } from '../command.ts';
import { FILTER_OPTIONS, findSession, SESSION_OPTIONS } from '../options.ts';
import {
  formatDeliveries,
  formatOwnOpening,
  formatRun,
  RUN_HEAD,
  toOpeningJson,
  toRunJson,
} from '../output.ts';
import { DEAD_LETTER_HEAD, describeLook, formatDeadLetter, toLookJson } from './dlq-output.ts';

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

export const runs = defineCommand({
  name: 'runs',
  summary: 'what each run of a session came to, newest first',
  words: 'SESSION',
  options: SESSION_OPTIONS,
  async run(context) {
    const { options, isJson, output, connect } = context;
    const operations = await connect();
    const session = await findSession(context, operations);
    const found = await operations.runHistory.ofSession(session, { limit: options.limit ?? DEFAULT_LIMIT });
    if (isJson) {
      const json = {
        website_id: session.websiteId,
        session_id: session.sessionId,
        runs: found.map(toRunJson),
      };
      await output.write(`${toVisibleJson(json, 2)}\n`);
      return 0;
    }
    if (found.length === 0) {
      await output.write(`No run of ${session.sessionId} is known: it was not asked for within 30 days.\n`);
      return 0;
    }
    await output.write([RUN_HEAD, ...found.map(formatRun)].join(''));
    return 0;
  },
});

const DEFAULT_LIMIT = 50;
