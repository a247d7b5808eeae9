import { type DeadLetterFilter, parseCodeFilter } from '../../core/dead-letter/dead-letter-filter.ts';
import { isRunStage, RUN_STAGES } from '../../core/run/run.ts';
import { count } from './count.ts';
import { moment } from './moment.ts';
import { type Options, type OptionValues, value, values } from './option.ts';
import { readSession, readWebsite } from './session.ts';

const MESSAGE_ID = /^[\w-]{1,100}$/;

/** Which dead letters a command means. */
export const FILTER_OPTIONS = {
  id: values({
    placeholder: 'MESSAGE',
    help: 'of this message; may be given several times',
    expected: 'the id of a message',
    read: (text) => (MESSAGE_ID.test(text) ? text : undefined),
  }),
  code: value({
    placeholder: 'CODE',
    help: "with this code, or with a code that begins so: 'crisp_*'",
    expected: 'a code, or the beginning of one with a * behind it',
    read: parseCodeFilter,
  }),
  'failed-in': value({
    placeholder: 'STAGE',
    help: `that failed there: ${RUN_STAGES.join(', ')}`,
    expected: `one of ${RUN_STAGES.join(', ')}`,
    read: (text) => (isRunStage(text) ? text : undefined),
  }),
  website: value({
    placeholder: 'ID',
    help: 'of this website',
    expected: 'the id of a website',
    read: readWebsite,
  }),
  session: value({
    placeholder: 'SESSION',
    help: 'of this session: session_… or WEBSITE:session_…',
    expected: 'the id of a session',
    read: readSession,
  }),
  since: moment('dead since then or later: a date, or a duration before now'),
  before: moment('dead before then'),
  max: count({ help: 'look at no more messages than that', min: 1, max: 1_000_000, unit: 'messages' }),
} satisfies Options;

/** The filter that those options make; one without any admits all. */
export function toFilter(options: OptionValues<typeof FILTER_OPTIONS>): DeadLetterFilter {
  const { session } = options;
  return {
    messageIds: options.id,
    code: options.code,
    stage: options['failed-in'],
    websiteId: session?.websiteId ?? options.website,
    sessionId: session?.sessionId,
    sinceMs: options.since,
    beforeMs: options.before,
  };
}
