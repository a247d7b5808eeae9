import { oneBrokenConversation } from './one-broken-conversation.ts';
import { refusedRoute } from './refused-route.ts';
import { rolledToken } from './rolled-token.ts';
import type { Scenario } from './scenario.ts';
import { sixHourOutage } from './six-hour-outage.ts';
import { spentQuota, spentQuota423 } from './spent-quota.ts';

/** The long troubles that everybody who runs this meets one day. */
export const SCENARIOS: readonly Scenario[] = [
  sixHourOutage,
  spentQuota,
  spentQuota423,
  rolledToken,
  refusedRoute,
  oneBrokenConversation,
];
