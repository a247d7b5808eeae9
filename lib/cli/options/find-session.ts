import type { Operations } from '../../app/create-operations.ts';
import type { SessionRef } from '../../core/ids.ts';
import type { CommandContext } from '../command.ts';
import { toUsageError } from '../usage-error.ts';
import { count } from './count.ts';
import { type Options, value } from './option.ts';
import { readSession, readWebsite, withWebsite } from './session.ts';

/** The options of a command that is about one session. */
export const SESSION_OPTIONS = {
  website: value({
    placeholder: 'ID',
    help: 'of the session, where there are several websites',
    expected: 'the id of a website',
    read: readWebsite,
  }),
  limit: count({ help: 'the most runs to show (default 50)', min: 1, max: 10_000, unit: 'runs' }),
} satisfies Options;

/** The session that a command's only word names. Throws `OperationError`. */
export function findSession(
  { words, options, config }: CommandContext<Pick<typeof SESSION_OPTIONS, 'website'>>,
  { knownWebsites }: Pick<Operations, 'knownWebsites'>,
): Promise<SessionRef> {
  return withWebsite(readOnlyWord(words), {
    given: options.website,
    configured: config.websiteIds,
    known: () => knownWebsites.list(),
  });
}

/** Throws `OperationError`: `usage`, `session_id_invalid`. */
export function readOnlyWord([word, ...more]: readonly string[]) {
  if (word === undefined || more.length > 0) {
    throw toUsageError('say which session: session_… or WEBSITE:session_…');
  }
  return readSession(word);
}
