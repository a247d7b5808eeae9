import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';

/** What Node's HTTP parser found wrong with a connection, as status and code of our reply. */
const REFUSALS: Record<string, readonly [status: string, code: string]> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'headers_too_large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'request_timeout'],
  HPE_INVALID_EOF_STATE: ['400 Bad Request', 'bad_length'],
  HPE_INVALID_CONTENT_LENGTH: ['400 Bad Request', 'bad_length'],
  HPE_UNEXPECTED_CONTENT_LENGTH: ['400 Bad Request', 'bad_length'],
  HPE_INVALID_TRANSFER_ENCODING: ['400 Bad Request', 'bad_length'],
};

/** Answers a connection that sent no readable HTTP request, and closes it. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, code] = REFUSALS[error.code ?? ''] ?? ['400 Bad Request', 'bad_request'];
  const body = JSON.stringify({ error: code, request_id: randomUUID() });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
