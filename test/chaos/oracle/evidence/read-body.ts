import { isFields } from './content.ts';

/** The members of a JSON object; undefined where the text is none. */
export function readFields(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `websiteId:sessionId` of a queue message, ours or another producer's; undefined where it names none. */
export function readSessionKey(body: string): string | undefined {
  const fields = readFields(body);
  const websiteId = fields?.websiteId ?? fields?.website_id;
  const sessionId = fields?.sessionId ?? fields?.session_id;
  return typeof websiteId === 'string' && typeof sessionId === 'string'
    ? `${websiteId}:${sessionId}`
    : undefined;
}
