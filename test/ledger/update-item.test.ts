import { createServer, type RequestListener } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createDynamoSentNotes } from '../../lib/ledger/session-notes.ts';
import { createItemUpdate } from '../../lib/ledger/update-item.ts';
import { listenOnLoopback } from '../../lib/local/http-server.ts';
import { aSession } from '../support/builders.ts';

const SENT = { mode: 'incremental', sequenceNumber: 1n, notBeforeMs: 0 } as const;

/** Notes a message in a DynamoDB of the test's own. */
async function note(answer: RequestListener) {
  const door = await listenOnLoopback(createServer(answer), 0);
  onTestFinished(door.stop);
  const update = createItemUpdate({ AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: door.url });
  return createDynamoSentNotes({ update, table: 'a-ledger' }).noteSent(aSession(), SENT, 0);
}

const refuse =
  (status: number, type: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(status).end(JSON.stringify({ __type: `com.amazonaws.dynamodb#${type}` }));

test('a note that the condition refuses is no failure', async () => {
  await expect(note(refuse(400, 'ConditionalCheckFailedException'))).resolves.toBeUndefined();
});

test('a missing permission is named', async () => {
  await expect(note(refuse(400, 'AccessDeniedException'))).rejects.toMatchObject({
    reason: 'ledger_failed:access_denied',
    status: 400,
    hint: expect.stringContaining('dynamodb:UpdateItem'),
  });
});

test.each([
  ['throttles', 400, 'ThrottlingException', 'throttling'],
  ['breaks', 500, 'InternalServerError', 'internal_server_error'],
])('a DynamoDB that %s is asked once: the hook does not wait', async (_, status, type, detail) => {
  const answer = vi.fn(refuse(status, type));
  await expect(note(answer)).rejects.toMatchObject({ reason: `ledger_failed:${detail}`, status });
  expect(answer).toHaveBeenCalledOnce();
});

test('an answer that does not come is given up after 100 ms', async () => {
  const late = new AbortController();
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(late.signal);
  onTestFinished(() => timeout.mockRestore());

  await expect(note(() => late.abort())).rejects.toMatchObject({ reason: 'ledger_failed:timeout_error' });
  expect(timeout).toHaveBeenCalledWith(100);
});

test('a connection that breaks is a failure of the ledger', async () => {
  await expect(note(({ socket }) => void socket.destroy())).rejects.toMatchObject({
    reason: 'ledger_failed:econnreset',
  });
});
