import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDueList } from '../../../../lib/local/aws/sqs/message-line.ts';

test('whatever is added in whatever order, the earliest comes first', () => {
  const steps = fc.array(fc.oneof(fc.nat(50), fc.constant('remove' as const)), { maxLength: 80 });

  fc.assert(
    fc.property(steps, (sequence) => {
      const list = createDueList<number>();
      let model: number[] = [];

      for (const step of sequence) {
        if (step === 'remove') {
          list.removeFirst();
          model = model.slice(1);
        } else {
          list.add(step, step);
          model = [...model, step].sort((a, b) => a - b);
        }
        expect(list.first()?.item).toBe(model[0]);
      }
    }),
  );
});
