import * as z from 'zod';
import { type Control, toControl, toWebsite } from './control.ts';

const Nothing = z.strictObject({});
const Count = z.strictObject({ count: z.int().min(1).default(1) });
const Rate = z.number().min(0).max(1).exactOptional();

const SubscribeBody = z.strictObject({
  url: z.string(),
  mode: z.enum(['plugin', 'website']),
  secret: z.string().exactOptional(),
  events: z.array(z.string()).exactOptional(),
  environment: z.enum(['development', 'production']).exactOptional(),
});
const DisturbBody = z.strictObject({
  lose: Rate,
  duplicate: Rate,
  reorder: Rate,
  reorderWindowMs: z.int().min(0).exactOptional(),
});
const ReleaseBody = z.strictObject({ order: z.enum(['given', 'reversed', 'shuffled']).default('given') });
const EmitBody = z.strictObject({
  website_id: z.string().exactOptional(),
  event: z.string(),
  data: z.record(z.string(), z.unknown()),
});

export const HOOK_CONTROLS: readonly Control[] = [
  toControl(
    'subscribe-hook',
    '{ url, mode: plugin | website, secret?, events?, environment? }: delivers to this loopback address',
    SubscribeBody,
    (simulator, input) => ({ id: simulator.subscribeHook(input).id }),
  ),
  toControl(
    'unsubscribe-hook',
    '{ id }: stops delivering to a hook',
    z.strictObject({ id: z.string() }),
    ({ hooks }, { id }) => {
      hooks.unsubscribe(id);
      return undefined;
    },
  ),
  toControl('lose-hooks', '{ count? }: the next deliveries are never sent', Count, ({ hooks }, { count }) => {
    hooks.disturbances.loseNext(count);
    return undefined;
  }),
  toControl(
    'duplicate-hooks',
    '{ count? }: the next deliveries are sent twice',
    Count,
    ({ hooks }, { count }) => {
      hooks.disturbances.duplicateNext(count);
      return undefined;
    },
  ),
  toControl(
    'disturb-hooks',
    '{ lose?, duplicate?, reorder?, reorderWindowMs? }: probabilities from 0 to 1',
    DisturbBody,
    ({ hooks }, rates) => {
      hooks.disturbances.setRates(rates);
      return undefined;
    },
  ),
  toControl('hold-hooks', '{}: keeps new deliveries back', Nothing, ({ hooks }) => {
    hooks.hold();
    return undefined;
  }),
  toControl(
    'release-hooks',
    '{ order?: given | reversed | shuffled }: sends what was kept back',
    ReleaseBody,
    ({ hooks }, { order }) => {
      hooks.release(order);
      return undefined;
    },
  ),
  toControl(
    'deliver-again',
    '{ count? }: sends the newest deliveries once more',
    Count,
    ({ hooks }, { count }) => {
      hooks.deliverAgain(count);
      return undefined;
    },
  ),
  toControl(
    'emit-event',
    '{ event, data, website_id? }: an event that no action causes',
    EmitBody,
    (simulator, { website_id, event, data }) => {
      simulator.emit(toWebsite(simulator, website_id), event, data);
      return undefined;
    },
  ),
];
