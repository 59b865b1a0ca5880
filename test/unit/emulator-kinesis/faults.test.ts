import { refuseEntries } from '../../../src/emulator/entry-refusal';
import { Faults, INTERNAL_FAILURE, THROTTLE } from '../../../src/emulator/faults';
import { seededRandom } from '../../../src/util/random';

const outcomes = (faults: Faults, operation: string, calls: number) =>
  Array.from({ length: calls }, () => faults.plan(operation, {}).outcome);

describe('faults', () => {
  test('a rule strikes its own operation, as often as it says', () => {
    const faults = new Faults(seededRandom(1));
    const rule = faults.add({ operation: 'GetRecords', fault: THROTTLE, times: 2 });
    expect(faults.plan('PutRecords', {}).outcome).toBeUndefined();
    expect(outcomes(faults, 'GetRecords', 3)).toEqual([THROTTLE, THROTTLE, undefined]);
    expect(rule.hits).toBe(2);
  });

  test('a rule for all operations strikes until it is removed', () => {
    const faults = new Faults(seededRandom(1));
    const rule = faults.add({ operation: '*', fault: INTERNAL_FAILURE });
    expect([...outcomes(faults, 'a', 1), ...outcomes(faults, 'b', 1)]).toEqual([
      INTERNAL_FAILURE,
      INTERNAL_FAILURE,
    ]);
    rule.remove();
    expect(outcomes(faults, 'a', 1)).toEqual([undefined]);
  });

  test('the same seed strikes the same calls', () => {
    const struck = (seed: number) => {
      const faults = new Faults(seededRandom(seed));
      faults.add({ operation: '*', fault: THROTTLE, probability: 0.5 });
      return outcomes(faults, 'GetRecords', 64).map((outcome) => outcome !== undefined);
    };
    expect(struck(7)).toEqual(struck(7));
    expect(struck(7)).not.toEqual(struck(8));
    expect(new Set(struck(7))).toEqual(new Set([true, false]));
  });

  test('of two rules that exclude each other the older one strikes, and the newer one is not used up', () => {
    const faults = new Faults(seededRandom(1));
    faults.add({ operation: '*', fault: THROTTLE, times: 1 });
    faults.add({ operation: '*', fault: INTERNAL_FAILURE, times: 1 });
    expect(outcomes(faults, 'a', 3)).toEqual([THROTTLE, INTERNAL_FAILURE, undefined]);
  });

  test('delays add up, before and after separately, beside another fault', () => {
    const faults = new Faults(seededRandom(1));
    faults.add({ operation: '*', fault: { kind: 'latency', ms: 5, applied: false } });
    faults.add({ operation: '*', fault: { kind: 'latency', ms: 7, applied: true } });
    faults.add({ operation: '*', fault: { kind: 'latency', ms: 2, applied: true } });
    faults.add({ operation: '*', fault: THROTTLE });
    expect(faults.plan('a', {})).toMatchObject({ delayBefore: 5, delayAfter: 9, outcome: THROTTLE });
  });

  test('what breaks the events of an answer stands beside what refuses its call, the oldest first', () => {
    const faults = new Faults(seededRandom(1));
    const broken = { kind: 'events', after: 3, ending: 'disconnect' } as const;
    faults.add({ operation: '*', fault: broken });
    faults.add({ operation: '*', fault: { ...broken, after: 5 } });
    faults.add({ operation: '*', fault: THROTTLE });
    expect(faults.plan('a', {})).toMatchObject({ events: broken, outcome: THROTTLE });
  });

  test('a rule may look at the input', () => {
    const faults = new Faults(seededRandom(1));
    faults.add({
      operation: '*',
      fault: THROTTLE,
      when: (input) => (input as { shard: number }).shard === 2,
    });
    expect(faults.plan('a', { shard: 1 }).outcome).toBeUndefined();
    expect(faults.plan('a', { shard: 2 }).outcome).toBe(THROTTLE);
  });

  test('who waits for a hit is told when it comes', async () => {
    const faults = new Faults(seededRandom(1));
    const rule = faults.add({ operation: 'a', fault: THROTTLE });
    let told = false;
    const waiting = rule.reached(2).then(() => {
      told = true;
    });
    faults.plan('a', {});
    await Promise.resolve();
    expect(told).toBe(false);
    faults.plan('a', {});
    await waiting;
    await rule.reached(1);
  });
});

describe('refused entries', () => {
  const fault = {
    kind: 'refuse-entries',
    share: 0.5,
    errorCode: 'ProvisionedThroughputExceededException',
  } as const;
  const input = { StreamName: 's', Records: Array.from({ length: 40 }, (_, index) => ({ index })) };
  const invoke = (rest: unknown) => ({
    FailedRecordCount: 0,
    Records: (rest as typeof input).Records.map(({ index }) => ({ SequenceNumber: String(index) })),
  });

  test('each entry is put and answered in its place, or refused; none is both', () => {
    const output = refuseEntries(input, fault, seededRandom(3), invoke) as {
      FailedRecordCount: number;
      Records: { SequenceNumber?: string; ErrorCode?: string }[];
    };
    const refused = output.Records.filter((entry) => entry.ErrorCode !== undefined);
    expect(output.FailedRecordCount).toBe(refused.length);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(40);
    output.Records.forEach((entry, index) => {
      expect(entry.SequenceNumber ?? entry.ErrorCode).toBe(
        entry.ErrorCode === undefined ? String(index) : fault.errorCode,
      );
    });
  });

  test('when all are refused nothing is put', () => {
    const output = refuseEntries(input, { ...fault, share: 1 }, seededRandom(3), () => {
      throw new Error('invoked');
    });
    expect(output).toMatchObject({ FailedRecordCount: 40 });
  });
});
