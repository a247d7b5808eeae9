import type { SessionRef } from '../../core/ids.ts';
import type { CrispMessage, MessageFrom } from '../simulator/model.ts';
import type { Simulator } from '../simulator/simulator.ts';
import type { Line } from './scene.ts';

/** Lets one line of a scene happen in its conversation. A conversation that is gone stays silent. */
export function playLine(simulator: Simulator, session: SessionRef, line: Line): void {
  const stored = simulator.readConversation(session);
  if (stored === undefined) return;
  const newestOf = (from: MessageFrom) => stored.messages.findLast((message) => message.from === from);

  switch (line.does) {
    case 'visitor-writes':
    case 'operator-writes':
      simulator.sendMessage(session, { from: toFrom(line.does), content: line.text });
      break;
    case 'operator-notes':
      simulator.sendMessage(session, { type: 'note', content: line.text });
      break;
    case 'visitor-edits':
    case 'operator-edits':
      edit(simulator, session, newestOf(toFrom(line.does)), line.text);
      break;
    case 'operator-retracts':
      retract(simulator, session, newestOf('operator'));
      break;
    case 'visitor-sends-photo':
      simulator.sendMessage(session, { type: 'file' });
      break;
    case 'operator-offers-choice':
      simulator.sendMessage(session, { type: 'picker', from: 'operator' });
      break;
    case 'visitor-chooses':
      choose(simulator, session, newestOf('operator'));
      break;
    case 'visitor-types':
      simulator.changeConversation(session, 'compose', { from: 'user', type: 'start' });
      break;
    case 'operator-takes-over':
      takeOver(simulator, session);
      break;
    case 'operator-reads':
      simulator.acknowledge(session, { kind: 'read' });
      break;
    case 'operator-resolves':
      simulator.setState(session, 'resolved');
      break;
    case 'operator-deletes':
      simulator.removeConversation(session);
      break;
    case 'visitor-rates':
      simulator.changeConversation(session, 'rating', { stars: line.stars });
      break;
    case 'operator-tags':
      simulator.setMeta(session, { segments: [line.segment] });
      break;
    default:
      line satisfies never;
  }
}

function toFrom(does: `${'visitor' | 'operator'}-${string}`): MessageFrom {
  return does.startsWith('visitor') ? 'user' : 'operator';
}

function edit(
  simulator: Simulator,
  session: SessionRef,
  message: CrispMessage | undefined,
  text: string,
): void {
  if (message !== undefined) simulator.editMessage(session, message.fingerprint, text);
}

function retract(simulator: Simulator, session: SessionRef, message: CrispMessage | undefined): void {
  if (message !== undefined) simulator.removeMessage(session, message.fingerprint);
}

function choose(simulator: Simulator, session: SessionRef, message: CrispMessage | undefined): void {
  if (message === undefined || typeof message.content === 'string' || !('choices' in message.content)) return;
  const choices = message.content.choices.map((choice, index) => ({ ...choice, selected: index === 0 }));
  simulator.editMessage(session, message.fingerprint, { ...message.content, choices });
}

function takeOver(simulator: Simulator, session: SessionRef): void {
  const website = simulator.websites().find(({ websiteId }) => websiteId === session.websiteId);
  const userId = website?.operators[0]?.details.user_id ?? null;
  simulator.changeConversation(session, 'routing', { userId });
}
