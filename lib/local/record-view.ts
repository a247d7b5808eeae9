import type { EnrichedRecord } from '../record/schema.ts';
import { isJsonObject, plural, toVisible } from '../text.ts';

const SHOWN_MESSAGES = 3;
const INDENT = ' '.repeat(17);

/** A record as a person would sum it up: who, in which state, how much, and what was said last. */
export function formatRecord(record: EnrichedRecord, hooks: number): string {
  const { meta, state, metrics, enrichment, messages } = record;
  const who = [meta?.nickname || 'somebody without a name', meta?.email && `<${meta.email}>`];
  const cost = `${plural(enrichment.api_calls, 'call')} to Crisp`;
  const rows = [
    `${toVisible(who.filter(Boolean).join(' '))}, ${state}: ${plural(metrics.messages, 'message')}; ${hooks > 1 ? `${plural(hooks, 'hook')}, ` : ''}${cost}`,
    ...messages.slice(-SHOWN_MESSAGES).map((message) => formatMessage(message)),
  ];
  return rows.map((row, index) => `${INDENT}${index === 0 ? '' : '  '}${row}`).join('\n');
}

const TEXT_WIDTH = 60;

function formatMessage(message: unknown): string {
  const { from, type, content } = isJsonObject(message) ? message : {};
  const text = toVisible((typeof content === 'string' ? content : `(${type})`).replaceAll(/\s+/g, ' '));
  const shown = text.length > TEXT_WIDTH ? `${text.slice(0, TEXT_WIDTH - 1)}…` : text;
  return `${(from === 'user' ? 'visitor' : String(from)).padEnd(9)} ${shown}`;
}
