import { type Fault, MINUTE, noteFault, SECOND } from './fault.ts';
import { disturbDeliveries } from './ingress.ts';

/** Clocks that differ, and deliveries that do not look like the usual ones. */
export const CLOCK_FAULTS: readonly Fault[] = [
  {
    id: 'F13',
    title: "The webhook's clock is ten minutes ahead or behind",
    inject(world, random) {
      noteFault(world, 'F13', 'clock');
      // Where somebody changed the queue's delay as well, a clock that is behind loses events: of the two that keep a
      // fetch from coming too early, one has to be right.
      const mayBeBehind = world.settings.queueDelaySeconds === undefined;
      world.skewMs.webhook = mayBeBehind && random.chance(0.5) ? -10 * MINUTE : 10 * MINUTE;
      return () => {
        world.skewMs.webhook = 0;
      };
    },
  },
  {
    id: 'F14',
    title: "Crisp's clock is ahead, within the tolerance of five minutes and beyond it",
    inject: (world, random) =>
      disturbDeliveries(world, 'F14', () => {
        const isTooFar = random.chance(0.4) && world.hooks.habits.mode === 'plugin';
        return isTooFar
          ? { timestampShiftMs: 25 * MINUTE, isGenuine: false, isOnce: true }
          : { timestampShiftMs: 298 * SECOND };
      }),
  },
  {
    id: 'F15',
    title: 'The timestamp is in seconds or in milliseconds',
    inject: (world, random) =>
      disturbDeliveries(world, 'F15', () => ({ timestampUnit: random.pick(['s', 'ms']) })),
  },
  {
    id: 'F16',
    title: 'The body comes in Base64',
    inject: (world) => disturbDeliveries(world, 'F16', () => ({ isBase64: !world.hooks.habits.isBase64 })),
  },
  {
    id: 'F17',
    title: 'A proxy writes the JSON anew on its way',
    inject(world, random) {
      const rewrite = (body: Buffer) => Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1));
      return disturbDeliveries(world, 'F17', () =>
        random.chance(0.5)
          ? { changeBody: rewrite, isGenuine: world.hooks.habits.mode === 'website', isOnce: true }
          : undefined,
      );
    },
  },
];
