import { expect, test } from 'vitest';
import { BROKEN_BYTES } from '../../support/broken-bytes.ts';
import { aSession, WEBSITE_ID } from '../../support/builders.ts';
import { failureOf, setUpCrisp } from '../../support/crisp-over-http.ts';

const conversation = { website_id: WEBSITE_ID, session_id: 'session_a' };

test.each(BROKEN_BYTES)(
  '%s, over a real socket: a failure of Crisp’s, and the next request is answered',
  async (_, answer, reason) => {
    let isBroken = true;
    const { crisp } = await setUpCrisp(() => (isBroken ? answer : { data: conversation }));

    const failure = await failureOf(crisp.getConversation(aSession()));
    isBroken = false;
    const read = await crisp.getConversation(aSession());

    expect(failure.reason).toBe(reason);
    expect(failure.disposition).toBe('transient');
    expect(failure.route).toBe('website/conversation');
    expect(read).toEqual(conversation);
  },
);
