import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../ports/clock.ts';
import type { ApiAnswer } from './create-api.ts';

interface WriteOptions {
  readonly clock: Clock;
  readonly isHead: boolean;
  readonly signal: AbortSignal;
}

/** Sends an answer, in the way that its fault asks for. */
export async function writeAnswer(
  response: ServerResponse,
  answer: ApiAnswer,
  options: WriteOptions,
): Promise<void> {
  const { effect, status } = answer;
  // Node would send the machine's own time; the simulator's is that of its clock.
  response.sendDate = false;
  response.setHeader('Date', new Date(options.clock.nowMs()).toUTCString());
  const headers = { 'Content-Type': 'application/json; charset=utf-8', ...answer.headers };
  const body = Buffer.from(options.isHead ? '' : answer.body);
  const length = { 'Content-Length': String(body.length) };

  switch (effect?.kind) {
    case 'hang':
      return;
    case 'reset':
      if (effect.at === 'before-headers') return reset(response);
      response.writeHead(status, { ...headers, ...length });
      response.write(body.subarray(0, Math.ceil(body.length / 2)), () => reset(response));
      return;
    case 'truncate':
      response.writeHead(status, headers).end(body.subarray(0, Math.ceil(body.length / 2)));
      return;
    case 'trickle':
      response.writeHead(status, { ...headers, ...length });
      await trickle(response, body, { ...effect, ...options });
      return;
    case 'body':
      response.writeHead(effect.status, { ...headers, ...effect.headers });
      response.end(Buffer.from(effect.body, effect.encoding ?? 'utf8'));
      return;
    case 'error-flag':
      response.writeHead(status, headers).end(toFlagged(answer.body, effect.reason));
      return;
    case 'delay':
      await options.clock.sleep(effect.delayMs, options.signal);
      break;
    case 'answer':
    case undefined:
  }
  response.writeHead(status, { ...headers, ...length }).end(body);
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

async function trickle(
  response: ServerResponse,
  body: Buffer,
  { bytes, everyMs, clock, signal }: WriteOptions & { bytes: number; everyMs: number },
): Promise<void> {
  for (let start = 0; start < body.length; start += bytes) {
    response.write(body.subarray(start, start + bytes));
    await clock.sleep(everyMs, signal);
  }
  response.end();
}

function toFlagged(body: string, reason: string): string {
  const envelope: object = JSON.parse(body);
  return JSON.stringify({ ...envelope, error: true, reason });
}
