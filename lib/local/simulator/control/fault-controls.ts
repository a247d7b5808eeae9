import * as z from 'zod';
import { type Control, toControl, toWebsite } from './control.ts';

const Nothing = z.strictObject({});
const headers = z.record(z.string(), z.string()).exactOptional();
const Status = z.int().min(200).max(599);

const Effect = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answer'),
    status: Status,
    reason: z.string(),
    data: z.unknown().exactOptional(),
    headers,
  }),
  z.strictObject({
    kind: z.literal('body'),
    status: Status,
    body: z.string(),
    encoding: z.enum(['utf8', 'base64']).exactOptional(),
    headers,
  }),
  z.strictObject({ kind: z.literal('error-flag'), reason: z.string() }),
  z.strictObject({ kind: z.literal('delay'), delayMs: z.int().min(0) }),
  z.strictObject({ kind: z.literal('trickle'), bytes: z.int().min(1), everyMs: z.int().min(0) }),
  z.strictObject({ kind: z.literal('truncate') }),
  z.strictObject({ kind: z.literal('reset'), at: z.enum(['before-headers', 'mid-body']) }),
  z.strictObject({ kind: z.literal('hang') }),
]);

const FaultBody = z.strictObject({
  effect: Effect,
  route: z.string().exactOptional(),
  session_id: z.string().exactOptional(),
  times: z.int().min(1).exactOptional(),
  after: z.int().min(0).exactOptional(),
  chance: z.number().min(0).max(1).exactOptional(),
});

export const FAULT_CONTROLS: readonly Control[] = [
  toControl(
    'fail-route',
    '{ effect: { kind, … }, route?, session_id?, times?, after?, chance? }: meets fitting requests with a fault',
    FaultBody,
    ({ faults }, { session_id, ...fault }) => {
      faults.add({ ...fault, ...(session_id === undefined ? {} : { sessionId: session_id }) });
      return undefined;
    },
  ),
  toControl('clear-faults', '{}: no more faults', Nothing, ({ faults }) => {
    faults.clear();
    return undefined;
  }),
  toControl(
    'set-quota',
    '{ perDay?, used? }: the daily quota; perDay 0 is none',
    z.strictObject({ perDay: z.int().min(0).exactOptional(), used: z.int().min(0).exactOptional() }),
    ({ limits: { quota } }, { perDay, used }, nowMs) => {
      if (perDay !== undefined) quota.setPerDay(perDay);
      if (used !== undefined) quota.setUsed(used, nowMs);
      return { quota: quota.state(nowMs) };
    },
  ),
  toControl(
    'spend-quota',
    '{}: nothing is left of today’s quota',
    Nothing,
    ({ limits: { quota } }, _body, nowMs) => {
      quota.setUsed(quota.state(nowMs).perDay, nowMs);
      return { quota: quota.state(nowMs) };
    },
  ),
  toControl(
    'set-rate',
    '{ requestsPerSecond, burst }: a limit on requests per second',
    z.strictObject({ requestsPerSecond: z.number().positive(), burst: z.number().min(1) }),
    ({ limits }, rate) => {
      limits.setRate(rate);
      return undefined;
    },
  ),
  toControl('clear-rate', '{}: no limit on requests per second', Nothing, ({ limits }) => {
    limits.setRate(undefined);
    return undefined;
  }),
  toControl(
    'set-latency',
    '{ minMs, maxMs }: how long an answer takes',
    z.strictObject({ minMs: z.int().min(0), maxMs: z.int().min(0) }),
    (simulator, latency) => {
      simulator.setLatency(latency);
      return undefined;
    },
  ),
  toControl('roll-token', '{}: a new token; the old one is refused at once', Nothing, (simulator) => ({
    token: simulator.rollToken(),
  })),
  toControl(
    'set-scopes',
    '{ scopes: […] | "all" }: what the token may read',
    z.strictObject({ scopes: z.union([z.array(z.string()), z.literal('all')]) }),
    (simulator, { scopes }) => {
      simulator.setScopes(scopes === 'all' ? undefined : scopes);
      return undefined;
    },
  ),
  toControl(
    'set-subscribed',
    '{ subscribed, website_id? }: whether the plugin is installed on a website',
    z.strictObject({ subscribed: z.boolean(), website_id: z.string().exactOptional() }),
    (simulator, { subscribed, website_id }) => {
      simulator.setSubscribed(toWebsite(simulator, website_id), subscribed);
      return undefined;
    },
  ),
];
