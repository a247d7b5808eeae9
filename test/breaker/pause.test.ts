import {
  GetEventSourceMappingCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createLambdaMapping } from '../../lib/breaker/mapping.ts';
import { pauseConsumer, readBreaker, resumeConsumer } from '../../lib/breaker/pause.ts';
import { JobError } from '../../lib/errors.ts';
import { anAwsError } from '../support/aws.ts';
import { type BreakerScene, createBreakerScene, judgeRemovals } from '../support/breaker-scene.ts';
import { aSession } from '../support/builders.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('pause and resume', () => {
  const A = aSession();
  const denied = new JobError('switch_failed', { detail: 'access_denied' });

  function anOperator({ notes, mapping, clock }: BreakerScene) {
    const deps = { notes, mapping, clock };
    return {
      pause: (reason: string) => pauseConsumer(deps, reason),
      resume: () => resumeConsumer(deps),
      read: () => readBreaker(deps),
    };
  }

  test('a pause turns the mapping off and is seen with its reason, until it is taken back', async () => {
    const scene = createBreakerScene();
    const { pause, resume, read } = anOperator(scene);

    const paused = await pause('the CRM is being moved');
    const during = await read();
    expect([paused.outcome, (await resume()).outcome]).toEqual(['paused', 'resumed']);
    expect(during).toMatchObject({
      deliveries: 'off',
      isOpen: false,
      pause: { sinceMs: scene.clock.nowMs(), reason: 'the CRM is being moved' },
    });
    expect(await read()).toMatchObject({ deliveries: 'on', isOpen: false, pause: undefined });
  });

  test.each(['pause', 'resume'] as const)(
    'a %s by somebody who may not turn the mapping is noted, and the probe carries it out',
    async (how) => {
      const scene = createBreakerScene();
      const { pause, resume } = anOperator(scene);
      if (how === 'resume') await pause('maintenance');
      scene.mapping.failure = denied;

      const told = how === 'pause' ? await pause('maintenance') : await resume();
      scene.mapping.failure = undefined;
      await scene.aProbe()();

      expect(told).toMatchObject({ outcome: 'noted', code: 'switch_failed:access_denied' });
      expect(scene.mapping.state).toBe(how === 'pause' ? 'off' : 'on');
    },
  );

  test('a resume closes an open breaker, and removals are counted anew', async () => {
    const scene = createBreakerScene();
    const breaker = scene.anInstance();
    await judgeRemovals(breaker, 11);
    const { read, resume } = anOperator(scene);
    const before = await read();

    await resume();

    const expected = { isOpen: true, opening: { code: 'too_many_removals', closing: undefined } };
    expect(before).toMatchObject(expected);
    expect(await read()).toMatchObject({ isOpen: false, opening: { closing: { wasFalseAlarm: false } } });
    expect(await breaker.judgeRemoval(aSession('session_12'))).toBe('removed');
  });

  test('a reason is one clipped line of printable characters', async () => {
    const { pause } = await anOperator(createBreakerScene()).pause(`line\nbreak ${'x'.repeat(1000)}`);
    expect(pause.reason).toMatch(/^line\\u000abreak x+… \(1011 characters\)$/);
    expect(pause.reason.length).toBeLessThan(250);
  });

  test('what is open is seen with code, hold-off and next look', async () => {
    const scene = createBreakerScene();
    await scene.anInstance().judge(A, scene.failedRun('downstream_denied'));

    expect(await anOperator(scene).read()).toEqual({
      deliveries: 'off',
      isOpen: true,
      pause: undefined,
      opening: {
        openedMs: scene.clock.nowMs(),
        code: 'downstream_denied',
        route: 'website/conversation',
        session: A,
        holdOffSeconds: 60,
        nextProbeMs: scene.clock.nowMs() + 60_000,
        failedProbes: 0,
        closing: undefined,
      },
      problems: [],
    });
  });

  test('what cannot be read is named, and the rest is seen', async () => {
    const scene = createBreakerScene();
    scene.mapping.failure = denied;
    await scene.notes.notePause({ sinceMs: 1, reason: 'maintenance' });

    expect(await anOperator(scene).read()).toMatchObject({
      deliveries: 'unknown',
      isOpen: false,
      pause: { sinceMs: 1 },
      problems: ['switch_failed:access_denied'],
    });
  });
});

describe('lambda consumer switch', () => {
  const FUNCTION = 'crisp-enrich-test-consumer';
  const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:crisp-enrich-test-sessions.fifo';
  const client = new LambdaClient({ region: 'us-east-1' });
  const lambda = mockClient(client);

  beforeEach(() => {
    lambda.reset();
  });

  /** A mapping of which Lambda says `state`; or none. */
  function createScene(state = 'Enabled') {
    const clock = createVirtualClock();
    lambda.on(ListEventSourceMappingsCommand).resolves({
      EventSourceMappings: state === 'none' ? [] : [{ UUID: 'mapping-1' }],
    });
    lambda.on(GetEventSourceMappingCommand).resolves(state === 'none' ? {} : { State: state });
    lambda.on(UpdateEventSourceMappingCommand).resolves({});
    const mapping = createLambdaMapping({ client, functionName: FUNCTION, queueArn: QUEUE_ARN, clock });
    return { clock, mapping };
  }

  function changes() {
    return lambda.commandCalls(UpdateEventSourceMappingCommand).map(({ args }) => args[0].input);
  }

  test('the mapping is found by its two ends, once', async () => {
    const { mapping } = createScene();

    await mapping.read();
    await mapping.read();
    await mapping.turnOff();

    const lists = lambda.commandCalls(ListEventSourceMappingsCommand).map(({ args }) => args[0].input);
    expect(lists).toEqual([{ FunctionName: FUNCTION, EventSourceArn: QUEUE_ARN }]);
    expect(changes()).toEqual([{ UUID: 'mapping-1', Enabled: false }]);
  });

  test.each([
    ['Enabled', 'on'],
    ['Disabled', 'off'],
    ['Creating', 'changing'],
    ['Enabling', 'changing'],
    ['Disabling', 'changing'],
    ['Updating', 'changing'],
    ['Deleting', 'absent'],
    ['none', 'absent'],
  ])('Lambda’s %s is %s', async (state, expected) => {
    expect(await createScene(state).mapping.read()).toBe(expected);
  });

  test.each([
    ['on', 'Enabled', 0],
    ['on', 'Enabling', 0],
    ['on', 'Creating', 0],
    ['on', 'Disabled', 1],
    ['on', 'Disabling', 1],
    ['off', 'Disabled', 0],
    ['off', 'Disabling', 0],
    ['off', 'Enabled', 1],
    ['off', 'Enabling', 1],
  ] as const)('turned %s while %s, it is changed %i times', async (way, state, times) => {
    const { mapping } = createScene(state);
    await (way === 'on' ? mapping.turnOn() : mapping.turnOff());
    expect(changes()).toEqual(Array(times).fill({ UUID: 'mapping-1', Enabled: way === 'on' }));
  });

  test.each(['ResourceInUseException', 'ResourceConflictException', 'TooManyRequestsException'])(
    '%s is waited for: 7.5 seconds in all, then it is a failure',
    async (name) => {
      const { mapping, clock } = createScene();
      lambda.on(UpdateEventSourceMappingCommand).rejects(anAwsError(name));
      const turning = mapping.turnOff().catch((error: unknown) => error);

      await clock.advance(7499);
      const before = changes().length;
      await clock.advance(1);

      expect(await turning).toMatchObject({ code: 'switch_failed' });
      expect([before, changes().length]).toEqual([4, 5]);
    },
  );

  test('a mapping that is busy for a moment is turned in the end', async () => {
    const { mapping, clock } = createScene();
    lambda.on(UpdateEventSourceMappingCommand).rejectsOnce(anAwsError('ResourceInUseException')).resolves({});

    const turning = mapping.turnOff();
    await clock.advance(500);

    await expect(turning).resolves.toBeUndefined();
  });

  test('a mapping that was replaced is found again', async () => {
    const { mapping } = createScene();
    await mapping.read();
    lambda.on(ListEventSourceMappingsCommand).resolves({ EventSourceMappings: [{ UUID: 'mapping-2' }] });
    lambda
      .on(GetEventSourceMappingCommand, { UUID: 'mapping-1' })
      .rejects(anAwsError('ResourceNotFoundException', 404));

    await mapping.turnOff();

    expect(changes()).toEqual([{ UUID: 'mapping-2', Enabled: false }]);
  });

  test('without a mapping there is nothing to turn', async () => {
    const { mapping } = createScene('none');
    await expect(mapping.turnOff()).rejects.toMatchObject({ reason: 'switch_failed:absent' });
  });

  test('a missing permission is named, and nothing of what AWS wrote is repeated', async () => {
    const { mapping } = createScene();
    lambda.on(UpdateEventSourceMappingCommand).rejects(anAwsError('AccessDeniedException', 403));

    const failure = await mapping.turnOff().catch((error: unknown) => error);
    const hint = expect.stringContaining('lambda:UpdateEventSourceMapping');
    expect(failure).toMatchObject({ reason: 'switch_failed:access_denied', status: 403, hint });
    expect(String(failure)).not.toContain('canary');
  });
});
