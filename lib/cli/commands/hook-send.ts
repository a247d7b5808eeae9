import { toPrintable, toVisibleJson } from '../../text.ts';
import { defineCommand, value } from '../command.ts';
import { findSession, SESSION_OPTIONS } from '../options.ts';

const MODES = ['plugin', 'website'] as const;

export const command = defineCommand({
  options: {
    website: SESSION_OPTIONS.website,
    event: value({
      placeholder: 'EVENT',
      help: 'its name (default message:send)',
      expected: 'the name of an event, such as session:set_state',
      read: (text) => (/^[a-z_]{1,40}(?::[a-z_]{1,40}){1,3}$/.test(text) ? text : undefined),
    }),
    mode: value({
      placeholder: 'MODE',
      help: 'plugin (signed) or website (?key=); default: what local mode runs with, else plugin',
      expected: 'plugin or website',
      read: (text) => MODES.find((mode) => mode === text),
    }),
  },
  examples: ['hook send session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881 --event message:updated'],
  async run(context) {
    const { options, isJson, output, clock, target, connect } = context;
    const operations = await connect();
    const session = await findSession(context, operations);
    const { findSigningSecret, sendHook, toHookBody } = await import('../../operate/hook.ts');
    const secret = findSigningSecret({ isLocal: target.stage === undefined });
    const nowMs = clock.nowMs();
    const body = toHookBody(session, options.event ?? 'message:send', nowMs);
    const { status, text } = await sendHook(operations.stage, body, { secret, mode: options.mode, nowMs });
    await output.write(
      isJson
        ? `${toVisibleJson({ status, reply: toReply(text) })}\n`
        : `${status} ${toPrintable(text, 500)}\n`,
    );
    return status >= 200 && status < 300 ? 0 : 1;
  },
});

function toReply(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 500);
  }
}
