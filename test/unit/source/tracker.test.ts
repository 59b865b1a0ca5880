import fc from 'fast-check';
import { type TrackedEntry, Tracker } from '../../../src/source/tracker';

const entry = (n: number): TrackedEntry => ({
  sequenceNumber: String(n),
  subSequenceNumber: 0,
  ordinal: n,
  confirmed: false,
  next: undefined,
});

describe('tracker', () => {
  it('a checkpoint never passes a record that is not confirmed, whatever the order of confirmations', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.infiniteStream(fc.nat()), (count, picks) => {
        const tracker = new Tracker();
        const entries = Array.from({ length: count }, (_, i) => entry(i));
        for (const one of entries) {
          tracker.append(one);
        }
        const left = [...entries];
        while (left.length > 0) {
          const picked = left.splice((picks.next().value as number) % left.length, 1)[0] as TrackedEntry;
          const before = tracker.position?.sequenceNumber;
          const moved = tracker.confirm(picked);
          const prefix = entries.findIndex((one) => !one.confirmed);
          const expected = prefix === 0 ? undefined : String((prefix < 0 ? count : prefix) - 1);
          expect(tracker.position?.sequenceNumber).toBe(expected);
          expect(tracker.oldest).toBe(entries[prefix]);
          expect(moved).toBe(before !== expected);
        }
        expect(tracker.outstanding).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('confirming twice counts once', () => {
    const tracker = new Tracker();
    const first = entry(1);
    tracker.append(first);
    tracker.append(entry(2));
    expect(tracker.confirm(first)).toBe(true);
    expect(tracker.confirm(first)).toBe(false);
    expect(tracker.outstanding).toBe(1);
  });

  it('the end of a shard is reached only when every record before it is confirmed', () => {
    const tracker = new Tracker();
    const entries = [entry(1), entry(2)];
    entries.forEach((one) => {
      tracker.append(one);
    });
    tracker.end();
    tracker.confirm(entries[1] as TrackedEntry);
    expect(tracker.atEnd).toBe(false);
    tracker.confirm(entries[0] as TrackedEntry);
    expect(tracker.atEnd).toBe(true);
    expect(tracker.position?.sequenceNumber).toBe('2');
  });

  it('the end of an empty shard is reached at once', () => {
    const tracker = new Tracker();
    expect(tracker.atEnd).toBe(false);
    tracker.end();
    expect(tracker.atEnd).toBe(true);
  });

  it('a passed entry holds on to nothing', () => {
    const tracker = new Tracker();
    const entries = [entry(1), entry(2)];
    entries.forEach((one) => {
      tracker.append(one);
    });
    tracker.confirm(entries[0] as TrackedEntry);
    expect(entries[0]?.next).toBeUndefined();
    expect([...tracker.unconfirmed()]).toEqual([entries[1]]);
  });

  it('what holds nothing to deliver is passed as soon as all before it is confirmed, and not earlier', () => {
    const tracker = new Tracker();
    expect(tracker.pass({ sequenceNumber: '1', subSequenceNumber: 0 }, 1)).toBe(true);
    expect(tracker.position).toEqual({ sequenceNumber: '1', subSequenceNumber: 0 });
    const [second, fifth] = [entry(2), entry(5)];
    tracker.append(second);
    expect(tracker.pass({ sequenceNumber: '3', subSequenceNumber: 7 }, 3)).toBe(false);
    expect(tracker.pass({ sequenceNumber: '4', subSequenceNumber: 9 }, 4)).toBe(false);
    expect(tracker.outstanding).toBe(2);
    expect(tracker.position?.sequenceNumber).toBe('1');
    tracker.confirm(second);
    expect(tracker.position).toEqual({ sequenceNumber: '4', subSequenceNumber: 9 });
    expect(tracker.ordinal).toBe(4);
    expect(tracker.outstanding).toBe(0);
    tracker.append(fifth);
    tracker.pass({ sequenceNumber: '6', subSequenceNumber: 0 }, 6);
    tracker.end();
    expect(tracker.atEnd).toBe(false);
    expect([...tracker.unconfirmed()]).toEqual([fifth]);
    tracker.confirm(fifth);
    expect([tracker.atEnd, tracker.position?.sequenceNumber]).toEqual([true, '6']);
  });
});
