import { describe, expect, test } from 'vitest';
import { toMetrics } from '../../../lib/core/record/metrics.ts';

const visitor = (timestamp: number, rest = {}) => ({ type: 'text', from: 'user', timestamp, ...rest });
const operator = (timestamp: number, rest = {}) => ({ type: 'text', from: 'operator', timestamp, ...rest });

describe('metrics', () => {
  test('count who spoke; notes and events are nobody’s words', () => {
    const messages = [
      visitor(1),
      visitor(2, { type: 'file' }),
      operator(3),
      operator(4, { automated: true }),
      operator(5, { type: 'note' }),
      operator(6, { type: 'event' }),
    ];

    expect(toMetrics(messages)).toMatchObject({ messages: 6, by_visitor: 2, by_operator: 2, notes: 1 });
  });

  test('the first response is the first word of a person to the visitor, after the visitor’s first', () => {
    const messages = [
      operator(50),
      visitor(100),
      operator(110, { automated: true }),
      operator(120, { type: 'note' }),
      operator(130, { type: 'event' }),
      visitor(135),
      operator(140),
      operator(150),
    ];

    expect(toMetrics(messages).first_response_ms).toBe(40);
  });

  test.each([
    ['nobody asked', [operator(1), operator(2)]],
    ['nobody answered', [visitor(1), visitor(2)]],
    ['only a bot answered', [visitor(1), operator(2, { automated: true })]],
    ['the operator spoke before the visitor alone', [operator(1), visitor(2)]],
    ['there is no message', []],
  ])('there is no first response where %s', (_, messages) => {
    expect(toMetrics(messages).first_response_ms).toBeNull();
  });

  test('the duration runs from the oldest to the newest message, whoever sent it', () => {
    expect(toMetrics([visitor(100), operator(250), operator(400, { type: 'note' })]).duration_ms).toBe(300);
    expect(toMetrics([visitor(100)]).duration_ms).toBe(0);
    expect(toMetrics([]).duration_ms).toBeNull();
  });

  test('do not depend on the order of the messages', () => {
    const messages = [operator(150), visitor(100), visitor(300), operator(140)];

    expect(toMetrics(messages)).toEqual(toMetrics(messages.toReversed()));
  });

  test('survive messages that are none, and timestamps that are none', () => {
    expect(toMetrics([null, 7, 'x', [], {}, { from: 'user', timestamp: 'now' }])).toEqual({
      messages: 6,
      by_visitor: 1,
      by_operator: 0,
      notes: 0,
      first_response_ms: null,
      duration_ms: null,
    });
  });

  test('survive two hundred thousand messages', () => {
    const messages = Array.from({ length: 200_000 }, (_, index) => visitor(index + 1));

    expect(toMetrics(messages).duration_ms).toBe(199_999);
  });
});
