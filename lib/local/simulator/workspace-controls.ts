import * as z from 'zod';
import { type Control, control, text, toWebsite, wholeNumber } from './controls.ts';

const count = z.int().min(1).default(1);
const rate = z.number().min(0).max(1).exactOptional();
const headers = z.record(z.string(), z.string()).exactOptional();
const status = z.int().min(200).max(599);

const effect = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answer'),
    status,
    reason: z.string(),
    data: z.unknown().exactOptional(),
    headers,
  }),
  z.strictObject({
    kind: z.literal('body'),
    status,
    body: z.string(),
    encoding: z.enum(['utf8', 'base64']).exactOptional(),
    headers,
  }),
  z.strictObject({ kind: z.literal('error-flag'), reason: z.string() }),
  z.strictObject({ kind: z.literal('delay'), delayMs: wholeNumber }),
  z.strictObject({ kind: z.literal('trickle'), bytes: z.int().min(1), everyMs: wholeNumber }),
  z.strictObject({ kind: z.literal('truncate') }),
  z.strictObject({ kind: z.literal('reset'), at: z.enum(['before-headers', 'mid-body']) }),
  z.strictObject({ kind: z.literal('hang') }),
]);

/** What happens to hooks, answers, limits and the token. */
export const WORKSPACE_CONTROLS: readonly Control[] = [
  control(
    'subscribe-hook',
    '{ url, mode: plugin | website, secret?, events?, environment? }: delivers to this loopback address',
    {
      ...{ url: z.string(), mode: z.enum(['plugin', 'website']), secret: text },
      events: z.array(z.string()).exactOptional(),
      environment: z.enum(['development', 'production']).exactOptional(),
    },
    (simulator, input) => ({ id: simulator.subscribeHook(input).id }),
  ),
  control('unsubscribe-hook', '{ id }: stops delivering to a hook', { id: z.string() }, ({ hooks }, { id }) =>
    hooks.unsubscribe(id),
  ),
  control('lose-hooks', '{ count? }: the next deliveries are never sent', { count }, ({ hooks }, body) =>
    hooks.disturbances.loseNext(body.count),
  ),
  control('duplicate-hooks', '{ count? }: the next deliveries are sent twice', { count }, ({ hooks }, body) =>
    hooks.disturbances.duplicateNext(body.count),
  ),
  control(
    'disturb-hooks',
    '{ lose?, duplicate?, reorder?, reorderWindowMs? }: probabilities from 0 to 1',
    { lose: rate, duplicate: rate, reorder: rate, reorderWindowMs: wholeNumber.exactOptional() },
    ({ hooks }, rates) => hooks.disturbances.setRates(rates),
  ),
  control('hold-hooks', '{}: keeps new deliveries back', {}, ({ hooks }) => hooks.hold()),
  control(
    'release-hooks',
    '{ order?: given | reversed | shuffled }: sends what was kept back',
    { order: z.enum(['given', 'reversed', 'shuffled']).default('given') },
    ({ hooks }, { order }) => hooks.release(order),
  ),
  control(
    'deliver-again',
    '{ count? }: sends the newest deliveries once more',
    { count },
    ({ hooks }, body) => hooks.deliverAgain(body.count),
  ),
  control(
    'emit-event',
    '{ event, data, website_id? }: an event that no action causes',
    { website_id: text, event: z.string(), data: z.record(z.string(), z.unknown()) },
    (simulator, body) => simulator.emit(toWebsite(simulator, body), body.event, body.data),
  ),
  control(
    'fail-route',
    '{ effect: { kind, … }, route?, session_id?, times?, after?, chance? }: meets fitting requests with a fault',
    {
      ...{ effect, route: text, session_id: text },
      ...{ times: z.int().min(1).exactOptional(), after: wholeNumber.exactOptional(), chance: rate },
    },
    ({ faults }, { session_id: sessionId, ...fault }) => {
      faults.add({ ...fault, ...(sessionId === undefined ? {} : { sessionId }) });
    },
  ),
  control('clear-faults', '{}: no more faults', {}, ({ faults }) => faults.clear()),
  control(
    'set-quota',
    '{ perDay?, used? }: the daily quota; perDay 0 is none',
    { perDay: wholeNumber.exactOptional(), used: wholeNumber.exactOptional() },
    ({ limits: { quota } }, { perDay, used }, nowMs) => {
      if (perDay !== undefined) quota.setPerDay(perDay);
      if (used !== undefined) quota.setUsed(used, nowMs);
      return { quota: quota.state(nowMs) };
    },
  ),
  control(
    'spend-quota',
    '{}: nothing is left of today’s quota',
    {},
    ({ limits: { quota } }, _body, nowMs) => {
      quota.setUsed(quota.state(nowMs).perDay, nowMs);
      return { quota: quota.state(nowMs) };
    },
  ),
  control(
    'set-rate',
    '{ requestsPerSecond, burst }: a limit on requests per second',
    { requestsPerSecond: z.number().positive(), burst: z.number().min(1) },
    ({ limits }, limit) => limits.setRate(limit),
  ),
  control('clear-rate', '{}: no limit on requests per second', {}, ({ limits }) => limits.setRate(undefined)),
  control(
    'set-latency',
    '{ minMs, maxMs }: how long an answer takes',
    { minMs: wholeNumber, maxMs: wholeNumber },
    (simulator, latency) => simulator.setLatency(latency),
  ),
  control('roll-token', '{}: a new token; the old one is refused at once', {}, (simulator) => ({
    token: simulator.rollToken(),
  })),
  control(
    'set-scopes',
    '{ scopes: […] | "all" }: what the token may read',
    { scopes: z.union([z.array(z.string()), z.literal('all')]) },
    (simulator, { scopes }) => simulator.setScopes(scopes === 'all' ? undefined : scopes),
  ),
  control(
    'set-subscribed',
    '{ subscribed, website_id? }: whether the plugin is installed on a website',
    { subscribed: z.boolean(), website_id: text },
    (simulator, body) => simulator.setSubscribed(toWebsite(simulator, body), body.subscribed),
  ),
  control(
    'set-switch',
    '{ name, position }: moves a switch',
    { name: z.string(), position: z.union([z.string(), z.number()]) },
    (simulator, { name, position }) => {
      simulator.setSwitch(name, position);
      return { name, position };
    },
  ),
  control('reset-counters', '{}: all counters to zero', {}, ({ counters }) => counters.reset()),
];
