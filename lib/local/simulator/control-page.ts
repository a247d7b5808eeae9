import { CONTROLS } from './controls.ts';
import type { Workspace } from './workspace.ts';

interface Ids {
  readonly session_id: string;
  readonly fingerprint: number;
  readonly people_id: string;
  readonly hook_id: string;
}

/** A body for each control that needs one, with ids that are there. */
const BODIES: Readonly<Record<string, (ids: Ids) => object>> = {
  'start-conversation': () => ({ nickname: 'Ada' }),
  'seed-conversations': () => ({ conversations: 3, messages: 5 }),
  'send-message': ({ session_id }) => ({ session_id, content: 'Where is my parcel?' }),
  'edit-message': ({ session_id, fingerprint }) => ({ session_id, fingerprint, content: 'It has come.' }),
  'remove-message': ({ session_id, fingerprint }) => ({ session_id, fingerprint }),
  acknowledge: ({ session_id }) => ({ session_id, kind: 'read' }),
  'set-state': ({ session_id }) => ({ session_id, state: 'resolved' }),
  'change-conversation': ({ session_id }) => ({ session_id, change: { topic: 'Parcel' } }),
  'remove-conversation': ({ session_id }) => ({ session_id }),
  'change-profile': ({ people_id }) => ({ people_id, notepad: 'Called back.' }),
  'remove-profile': ({ people_id }) => ({ people_id }),
  'emit-event': ({ session_id }) => ({ event: 'session:sync:topic', data: { session_id, topic: 'Parcel' } }),
  'subscribe-hook': () => ({ url: 'http://127.0.0.1:4700/webhook', mode: 'plugin' }),
  'unsubscribe-hook': ({ hook_id }) => ({ id: hook_id }),
  'fail-route': ({ session_id }) => ({
    ...{ route: 'messages', session_id, times: 3 },
    effect: { kind: 'answer', status: 403, reason: 'not_allowed' },
  }),
  'set-quota': () => ({ perDay: 5000, used: 4900 }),
  'set-rate': () => ({ requestsPerSecond: 5 }),
  'set-latency': () => ({ minMs: 50, maxMs: 200 }),
  'set-scopes': () => ({ scopes: 'all' }),
  'set-subscribed': () => ({ subscribed: false }),
  'set-switch': () => ({ name: 'hookBody', position: 'compact' }),
};

/** Every control as a command that can be pasted, with the newest conversation's ids in it. */
export function formatControls(workspace: Workspace, base: string): string {
  const ids = findIds(workspace);
  return CONTROLS.map(({ name, about }) => {
    const body = JSON.stringify(BODIES[name]?.(ids) ?? {});
    const command = `curl -sS -H 'content-type: application/json' -d '${body}' ${base}/${name}`;
    return `# ${name} ${about}\n${command}\n`;
  }).join('\n');
}

function findIds(workspace: Workspace): Ids {
  const stored = [...workspace.websites()].flatMap(({ conversations }) => [...conversations.values()]).at(-1);
  const website = workspace.websites().find(({ profiles }) => profiles.size > 0);
  return {
    session_id: stored?.ref.sessionId ?? 'SESSION',
    fingerprint: stored?.messages.at(-1)?.fingerprint ?? 0,
    people_id: [...(website?.profiles.keys() ?? [])].at(-1) ?? 'PERSON',
    hook_id: workspace.hooks.subscriptions()[0]?.id ?? 'HOOK',
  };
}
