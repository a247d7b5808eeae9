import { createHmac } from 'node:crypto';
import type { FunctionUrl } from './platform.ts';
import { createDisturbances, type Disturbances, type Part } from './recorder.ts';
import type { HookHabits } from './settings.ts';

/** Something that happened in Crisp, as its hooks tell it. */
export interface HookEvent {
  readonly name: string;
  readonly websiteId: string;
  readonly sessionId: string;
  /** Beside the ids. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly fingerprint?: number | undefined;
}

/** How one delivery differs from what Crisp usually sends. */
export interface DeliveryTrouble {
  /** It is on its way that much longer. */
  readonly delayMs?: number;
  /** So many more copies of it. */
  readonly copies?: number;
  /** The first answer does not get back to Crisp. */
  readonly losesAnswer?: boolean;
  /** The same bytes, headers and all, come once more after each of these. */
  readonly replaysAfterMs?: readonly number[];
  readonly secret?: string;
  /** Crisp's clock, or how old the delivery is. */
  readonly timestampShiftMs?: number;
  /** The body on its way; what is signed is the original. */
  readonly changeBody?: (body: Buffer) => Buffer;
  /** False where it must be refused. */
  readonly isGenuine?: boolean;
  /** Nobody tries again. */
  readonly isOnce?: boolean;
  readonly timestampUnit?: HookHabits['timestampUnit'];
  readonly isBase64?: boolean;
  readonly resigns?: boolean;
  readonly fault?: string;
}

export interface HookSender {
  readonly habits: HookHabits;
  /** The secret, or the URL's key, that Crisp uses now. */
  secret: string;
  readonly disturbances: Disturbances<HookEvent, DeliveryTrouble>;
  send(event: HookEvent, trouble?: DeliveryTrouble): void;
  /** How many deliveries are under way or will be tried again. */
  readonly pending: number;
}

interface HookSenderDeps extends Part {
  readonly url: FunctionUrl;
  readonly habits: HookHabits;
}

// Neither the number of tries nor the pauses between them are documented.
const RETRIES_AFTER_MS = [3_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 10_800_000] as const;
const NETWORK_MS = [5, 80] as const;

/** Crisp's deliveries: signed, repeated until they are answered with 2xx. Website hooks are sent once. */
export function createHookSender({ clock, random, recorder, url, habits }: HookSenderDeps): HookSender {
  let events = 0;
  let deliveries = 0;
  let pending = 0;

  const disturbances: HookSender['disturbances'] = createDisturbances();
  const sender: HookSender = {
    habits,
    secret: '',
    disturbances,
    get pending() {
      return pending;
    },
    send(event, trouble = disturbances.find(event) ?? {}) {
      events += 1;
      const eventId = `event-${events}`;
      if (trouble.fault !== undefined)
        recorder.note({ type: 'fault-injected', fault: trouble.fault, place: 'delivery' });
      for (let copy = 0; copy <= (trouble.copies ?? 0); copy += 1) void deliver(eventId, event, trouble);
    },
  };
  return sender;

  async function deliver(eventId: string, event: HookEvent, trouble: DeliveryTrouble): Promise<void> {
    pending += 1;
    const body = toBody(event, clock.nowMs());
    let credential = toCredential(body, trouble);
    for (let attempt = 1; ; attempt += 1) {
      await clock.sleep(random.integer(...NETWORK_MS) + (trouble.delayMs ?? 0));
      if (attempt > 1 && (trouble.resigns ?? habits.resigns)) credential = toCredential(body, trouble);
      const status = await post({ eventId, event, body, credential, attempt, trouble });
      const isTaken = status < 300 && !(trouble.losesAnswer && attempt === 1);
      const pauseMs = RETRIES_AFTER_MS[attempt - 1];
      if (isTaken || pauseMs === undefined || trouble.isOnce || habits.mode === 'website') break;
      await clock.sleep(pauseMs + random.integer(0, 1000));
    }
    for (const delayMs of trouble.replaysAfterMs ?? []) {
      await clock.sleep(delayMs);
      await post({ eventId, event, body, credential, attempt: 1, trouble });
    }
    pending -= 1;
  }

  async function post({ eventId, event, body, credential, attempt, trouble }: Attempt): Promise<number> {
    deliveries += 1;
    const deliveryId = `delivery-${deliveries}`;
    const { name, websiteId, sessionId, fingerprint } = event;
    recorder.note({
      type: 'hook-delivered',
      ...{ deliveryId, eventId, websiteId, sessionId, event: name },
      ...(fingerprint !== undefined && { fingerprint }),
      isGenuine: trouble.isGenuine ?? true,
    });
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Crisp-HooksDeliver 1.0 (+https://crisp.chat)',
      'x-delivery-attempt-count': String(attempt),
      'x-delivery-attempt-limit': String(RETRIES_AFTER_MS.length + 1),
      ...credential.headers,
    };
    return url.post({
      ...{ deliveryId, eventId, headers, query: credential.query },
      body: trouble.changeBody?.(body) ?? body,
      isBase64: trouble.isBase64 ?? habits.isBase64,
    });
  }

  function toCredential(body: Buffer, trouble: DeliveryTrouble): Credential {
    const secret = trouble.secret ?? sender.secret;
    if (habits.mode === 'website') return { query: `key=${encodeURIComponent(secret)}`, headers: {} };
    const stampMs = clock.nowMs() + (trouble.timestampShiftMs ?? 0);
    const isSeconds = (trouble.timestampUnit ?? habits.timestampUnit) === 's';
    const timestamp = String(isSeconds ? Math.floor(stampMs / 1000) : stampMs);
    const signature = signDelivery(secret, timestamp, body);
    return { query: '', headers: { 'x-crisp-request-timestamp': timestamp, 'x-crisp-signature': signature } };
  }
}

interface Credential {
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Attempt {
  readonly eventId: string;
  readonly event: HookEvent;
  readonly body: Buffer;
  readonly credential: Credential;
  readonly attempt: number;
  readonly trouble: DeliveryTrouble;
}

function toBody({ name, websiteId, sessionId, data }: HookEvent, timestamp: number): Buffer {
  const ids = { website_id: websiteId, ...(sessionId !== '' && { session_id: sessionId }) };
  return Buffer.from(
    JSON.stringify({ website_id: websiteId, event: name, data: { ...ids, ...data }, timestamp }),
  );
}

/** Crisp's signature as its documents describe it, written down apart from the code under test. */
function signDelivery(secret: string, timestamp: string, body: Buffer): string {
  return createHmac('sha256', secret).update(`[${timestamp};`).update(body).update(']').digest('hex');
}
