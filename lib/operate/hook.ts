import { loadLocalEnvironment } from '../config/load.ts';
import { DEMO_HOOK_SECRET, readSigningSecrets } from '../config/secrets.ts';
import { OperationError } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import { isLoopbackUrl } from '../text.ts';
import { signHook } from '../webhook/verify.ts';
import type { OperatedStage } from './stage.ts';

/** The secret with which hooks are signed by hand: the environment's, and in local mode the demo's where it has none. */
export function findSigningSecret({ isLocal }: { readonly isLocal: boolean }): string {
  const [secret] = readSigningSecrets(isLocal ? loadLocalEnvironment() : process.env);
  if (secret !== undefined) return secret;
  if (isLocal) return DEMO_HOOK_SECRET;
  throw new OperationError(
    'usage',
    'put the hook secret of the stage into CRISP_HOOK_SECRETS, in the environment',
  );
}

/** The headers with which Crisp vouches for a body. */
export function signHookBody(
  body: Uint8Array,
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): { readonly timestamp: string; readonly signature: string } {
  const timestamp = String(nowMs);
  return { timestamp, signature: signHook(secret, timestamp, body) };
}

/** A hook as small as one can be: what Crisp adds to it, nobody here reads. */
export function toHookBody({ websiteId, sessionId }: SessionRef, event: string, nowMs: number): string {
  const data = { website_id: websiteId, session_id: sessionId };
  return JSON.stringify({ website_id: websiteId, event, data, timestamp: nowMs });
}

export interface HookReply {
  readonly status: number;
  /** What the webhook answered, as it is. */
  readonly text: string;
}

const ANSWER_WITHIN_MS = 10_000;

/**
 * Sends a hook to a stage's webhook as Crisp does: signed, or with the key in its address. Rejects with `OperationError`
 * where there is no webhook, or where it does not answer.
 */
export async function sendHook(
  { webhookUrl, localUrl, settings }: OperatedStage,
  body: string,
  {
    secret,
    mode,
    nowMs,
  }: { readonly secret: string; readonly mode: 'plugin' | 'website' | undefined; readonly nowMs: number },
): Promise<HookReply> {
  const address = webhookUrl ?? (localUrl && new URL('/webhook', localUrl).href);
  if (address === undefined)
    throw new OperationError(
      'stack_not_found',
      'the stage does not name its webhook: deploy it with this version',
    );
  const url = new URL(address);
  // A secret in an address, or a signature, leaves this machine over TLS alone.
  if (url.protocol !== 'https:' && !isLoopbackUrl(address))
    throw new OperationError('endpoint_not_loopback', `${url.host} is not this machine, and not https`);
  const isSigned = (mode ?? settings?.hookMode ?? 'plugin') === 'plugin';
  if (!isSigned) url.searchParams.set('key', secret);
  const { timestamp, signature } = signHookBody(Buffer.from(body), { secret, nowMs });
  const response = await fetch(url, {
    method: 'POST',
    body,
    redirect: 'error',
    headers: {
      'content-type': 'application/json',
      'x-crisp-request-timestamp': timestamp,
      ...(isSigned && { 'x-crisp-signature': signature }),
    },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  }).catch((cause: unknown) => {
    throw new OperationError('webhook_unreachable', `${url.host} does not answer`, { cause });
  });
  return { status: response.status, text: await response.text() };
}
