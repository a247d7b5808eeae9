import { toVisible } from '../../core/text/to-visible.ts';

const MAX_LENGTH = 160;

/** A reason as one line of a terminal: what cannot be seen is escaped, and what is long is clipped. */
export function toSentence(text: string, maxLength = MAX_LENGTH): string {
  const characters = [...toVisible(text)];
  return characters.length > maxLength ? `${characters.slice(0, maxLength).join('')}…` : characters.join('');
}
