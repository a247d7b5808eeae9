import { toAwsError } from '../world/aws/aws-error.ts';
import { SECRETS } from '../world/settings.ts';
import { disturbAws } from './aws-fault.ts';
import { answering, disturbCrisp, refusal } from './crisp-fault.ts';
import { type Fault, MINUTE, noteFault, SECOND } from './fault.ts';

/** Secrets that change, and rights that are missing. */
export const CREDENTIAL_FAULTS: readonly Fault[] = [
  {
    id: 'F45',
    title: "The hook's secret is rotated: both hold for a while",
    lastsMs: [10 * MINUTE, 20 * MINUTE],
    inject(world, random) {
      const { hooks, secrets, clock } = world;
      noteFault(world, 'F45', 'secrets');
      world.recorder.note({ type: 'operated', action: 'entered a second hook secret' });
      secrets.set('CRISP_HOOK_SECRETS', `${SECRETS.hook},${SECRETS.nextHook}`);
      clock.schedule(clock.nowMs() + random.integer(1, 8 * 60) * SECOND, () => {
        hooks.secret = SECRETS.nextHook;
      });
      return () => secrets.set('CRISP_HOOK_SECRETS', SECRETS.nextHook);
    },
  },
  {
    id: 'F46',
    title: "Crisp's token is rolled: the old one ends at once, the new one is entered later",
    lastsMs: [10 * SECOND, 60 * MINUTE],
    inject(world) {
      const { crisp, secrets, recorder } = world;
      const { token, nextToken } = SECRETS;
      noteFault(world, 'F46', 'secrets');
      crisp.tokens.delete(`${token.identifier}:${token.key}`);
      crisp.tokens.add(`${nextToken.identifier}:${nextToken.key}`);
      return () => {
        recorder.note({ type: 'operated', action: 'entered the new token' });
        secrets.set('CRISP_TOKEN_IDENTIFIER', nextToken.identifier);
        secrets.set('CRISP_TOKEN_KEY', nextToken.key);
      };
    },
  },
  {
    id: 'F47',
    title: 'The token lacks a scope on one website',
    inject(world, random) {
      const websiteId = random.pick(world.settings.websiteIds);
      return disturbCrisp(world, 'F47', {
        matches: ({ question }) => question.websiteId === websiteId && question.sessionId !== undefined,
        probability: 1,
        random,
        trouble: () => answering(() => refusal(403, 'not_allowed')),
      });
    },
  },
  {
    id: 'F48',
    title: 'The AWS credentials of an instance expire',
    inject(world, random) {
      const from = random.pick([/./, /sns|dynamodb|sqs/, /sns/]);
      return disturbAws(world, 'F48', {
        matches: ({ instance, service }) => instance.role === 'consumer' && from.test(service),
        probability: random.pick([0.2, 1]),
        random,
        trouble: () => ({ kind: 'refuse', error: toAwsError('ExpiredTokenException', 400) }),
      });
    },
  },
  {
    id: 'F49',
    title: 'A key is disabled, or a right is missing, at the archive or the topic',
    inject(world, random) {
      const service = random.pick(['s3', 'sns'] as const);
      const name = random.pick(['AccessDenied', 'KMSAccessDeniedException', 'AuthorizationErrorException']);
      return disturbAws(world, 'F49', {
        matches: (call) => call.service === service,
        probability: 1,
        random,
        trouble: () => ({ kind: 'refuse', error: toAwsError(name, 403) }),
      });
    },
  },
];
