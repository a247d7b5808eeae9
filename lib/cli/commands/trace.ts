import { toDeadLetterJson } from '../../dead-letters/dead-letter.ts';
import { isWholeLook } from '../../dead-letters/unseen.ts';
import { toSessionKey } from '../../ids.ts';
import { toLookJson, toRunJson, toTimelineJson } from '../../operate/json.ts';
import type { SessionTrace } from '../../operate/sessions.ts';
import type { TimelineEntry } from '../../operate/timeline.ts';
import { toMoment, toPrintable, toVisibleJson } from '../../text.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { DEFAULT_RUNS, FILTER_OPTIONS, findSession, SESSION_OPTIONS } from '../options.ts';
import { formatRow, toSentence } from '../output.ts';
import { describeLook } from './dlq-output.ts';

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
    await output.write(describe(trace, { held, commandLine: context.commandLine }));
    for (const sentence of describeLook(trace.look)) output.warn(sentence);
    return isWholeLook(trace.look) ? 0 : 3;
  },
});

function describe(
  { session, latest, deadLetters, look, timeline }: SessionTrace,
  { held, commandLine }: { readonly held: string; readonly commandLine: CommandContext['commandLine'] },
): string {
  const announced = latest?.announced ? 'announced' : 'archived, not yet announced';
  const record = latest
    ? `version ${latest.version} of ${toMoment(latest.version)}, ${latest.kind}, ${announced}`
    : 'none was ever archived';
  const redrive = commandLine(`dlq redrive --session ${toSessionKey(session)} --yes`);
  return [
    `${session.sessionId} of website ${session.websiteId}\n`,
    `newest record: ${record}\n`,
    held,
    timeline.length === 0 ? '\nnothing is known of it within 30 days\n' : `\n${HEAD}`,
    ...timeline.map(formatEntry),
    deadLetters.length > 0 ? `\nto bring it back: ${redrive}\n` : '',
    deadLetters.length === 0 && !isWholeLook(look) ? '\ndead letters: none was seen\n' : '',
  ].join('');
}

const COLUMNS = [20, 13, 5, 8];
const HEAD = formatRow(['WHEN', 'WHAT', 'CALLS', 'TOOK', 'MORE'], COLUMNS);

function formatEntry({
  atMs,
  kind,
  words,
  calls,
  durationMs,
  version,
  code,
  nextMs,
  messageId,
}: TimelineEntry) {
  const next = kind === 'dead-lettered' ? 'kept until' : 'again at';
  const more = [
    code && toPrintable(code),
    toSentence(words),
    version !== undefined && `version ${version}`,
    nextMs !== undefined && `${next} ${toMoment(nextMs)}`,
    messageId !== undefined && MESSAGE_KINDS.has(kind) && `message ${toPrintable(messageId)}`,
  ].filter(Boolean);
  const took = durationMs === undefined ? '' : `${durationMs} ms`;
  return formatRow(
    [toMoment(atMs) ?? '-', kind, calls === undefined ? '' : String(calls), took, more.join(', ')],
    COLUMNS,
  );
}

/** Where the message is what one wants to look up, or to bring back. */
const MESSAGE_KINDS: ReadonlySet<TimelineEntry['kind']> = new Set([
  'hook',
  'queued',
  'coalesced',
  'dead-lettered',
]);

function toTraceJson(
  { session, latest, runs, deadLetters, look, timeline }: SessionTrace,
  opening: object | null,
) {
  return {
    website_id: session.websiteId,
    session_id: session.sessionId,
    latest: latest ?? null,
    opening,
    timeline: timeline.map(toTimelineJson),
    runs: runs.map(toRunJson),
    dead_letters: deadLetters.map(toDeadLetterJson),
    look: toLookJson(look),
  };
}
