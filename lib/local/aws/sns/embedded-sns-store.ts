import { SnsStore } from '../fauxqs-internals.ts';
import { expandFilterPolicy } from './expand-filter-policy.ts';

type Subscription = ReturnType<SnsStore['getSubscription']>;

/** fauxqs's topics and subscriptions, with filters that look into lists. */
export class EmbeddedSnsStore extends SnsStore {
  /** fauxqs asks for each subscription when it fans out, and parses a policy only where none is parsed yet. */
  override getSubscription(arn: string): Subscription {
    const subscription = super.getSubscription(arn);
    if (subscription && subscription.parsedFilterPolicy === undefined) {
      const policy = parsePolicy(subscription.attributes);
      if (policy !== undefined) subscription.parsedFilterPolicy = expandFilterPolicy(policy);
    }
    return subscription;
  }
}

function parsePolicy({ FilterPolicy, FilterPolicyScope }: Readonly<Record<string, string>>) {
  if (!FilterPolicy || FilterPolicyScope === 'MessageBody') return undefined;
  try {
    const policy: unknown = JSON.parse(FilterPolicy);
    // JSON objects have string keys.
    return typeof policy === 'object' && policy !== null ? (policy as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // fauxqs delivers everything then.
  }
}
