import { OperationError } from '../../errors.ts';
import type { SessionRef } from '../../ids.ts';
import { plural, toVisibleJson } from '../../text.ts';
import { type CommandContext, defineCommand, flag, type Options } from '../command.ts';
import { findSession, SESSION_OPTIONS } from '../options.ts';

const OPTIONS = {
  website: SESSION_OPTIONS.website,
  yes: flag('do it without asking, where nobody is there to answer'),
} satisfies Options;

type Context = CommandContext<typeof OPTIONS>;

export const command = defineCommand({
  options: OPTIONS,
  examples: ['erase session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881 --stage prod'],
  async run(context) {
    const { isJson, output, connect } = context;
    const operations = await connect();
    const session = await findSession(context, operations);
    await requireConsent(context, session, operations.stage.stage);
    const { records, latest, notes } = await operations.eraseSession(session);
    if (isJson) {
      const { websiteId: website_id, sessionId: session_id } = session;
      await output.write(
        `${toVisibleJson({ website_id, session_id, erased: { records, latest, notes } }, 2)}\n`,
      );
      return 0;
    }
    const name = `${session.sessionId} of website ${session.websiteId}`;
    await output.write(
      records + latest + notes === 0
        ? `Nothing of ${name} is kept; nothing was deleted.\n`
        : `Erased ${name}: ${plural(records, 'version')} of its records, ${latest} of what was announced last, ` +
            `${plural(notes, 'note')} in the ledger.\n${ELSEWHERE}`,
    );
    return 0;
  },
});

const ELSEWHERE =
  'Not touched: Crisp, from where its next event brings it back; records in queues and at your consumers; ' +
  "exports, logs, and the ledger's backup.\n";

async function requireConsent({ options, ask }: Context, session: SessionRef, stage: string): Promise<void> {
  if (options.yes) return;
  const { sessionId, websiteId } = session;
  const question =
    `Every record and note of ${sessionId} of website ${websiteId} in stage ${stage} is deleted for good.\n` +
    'Type its session id: ';
  const typed = await ask?.(question);
  if (typed?.trim() === sessionId) return;
  const how = ask ? '' : ', or --yes where nobody is there to type';
  throw new OperationError('consent_missing', `nothing deleted: consent is the session id, typed${how}`);
}
