import fc from 'fast-check';
import { LetterOrder } from '../../../src/source/letter-order';
import { type TrackedEntry, Tracker } from '../../../src/source/tracker';

const entry = (ordinal: number): TrackedEntry => ({
  sequenceNumber: String(ordinal),
  subSequenceNumber: 0,
  ordinal,
  confirmed: false,
  next: undefined,
});

test('letters leave in the order of their records, each once, whatever is refused and confirmed first', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
      fc.infiniteStream(fc.nat()),
      (letters, picks) => {
        const tracker = new Tracker();
        const order = new LetterOrder(tracker);
        const entries = letters.map((_, i) => entry(i));
        for (const one of entries) {
          tracker.append(one);
        }
        const left: number[] = [];
        const confirm = (one: TrackedEntry): void => {
          tracker.confirm(one);
          order.confirmed(one);
        };
        const events = entries.map((one, i) => () => {
          if (letters[i]) {
            order.add(one, () => left.push(i));
          } else {
            confirm(one);
          }
        });
        while (events.length > 0) {
          events.splice((picks.next().value as number) % events.length, 1)[0]?.();
        }
        const expected = letters.flatMap((isLetter, i) => (isLetter ? [i] : []));
        expect(left).toEqual(expected);
        for (const i of expected) {
          confirm(entries[i] as TrackedEntry);
        }
        expect(left).toEqual(expected);
        expect(tracker.outstanding).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

test('a letter behind a record that is not confirmed waits for it', () => {
  const tracker = new Tracker();
  const order = new LetterOrder(tracker);
  const [first, second] = [entry(0), entry(1)];
  tracker.append(first);
  tracker.append(second);
  const left: string[] = [];
  order.add(second, () => left.push('second'));
  expect(left).toEqual([]);
  tracker.confirm(first);
  order.confirmed(first);
  expect(left).toEqual(['second']);
});

test('without numbers nobody waits', () => {
  const left: string[] = [];
  new LetterOrder(undefined).add(entry(5), () => left.push('sent'));
  expect(left).toEqual(['sent']);
});
