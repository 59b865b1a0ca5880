import fc from 'fast-check';
import { Permits } from '../../../src/pulsar/protocol/permits';

const MIB = 1024 * 1024;

/** A broker that sends all it may, each time it gets permits, and a caller that takes what waits. */
class Flow {
  readonly permits: Permits;
  readonly grants: number[] = [];
  readonly waiting: { readonly count: number; readonly bytes: number }[] = [];
  /** As the broker counts them: a batch may take more than there are. */
  granted = 0;

  constructor(messages: number, bytes: number) {
    this.permits = new Permits({ messages, bytes });
    this.grant();
  }

  get messages(): number {
    return this.waiting.reduce((sum, { count }) => sum + count, 0);
  }

  get bytes(): number {
    return this.waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  grant(): void {
    const permits = this.permits.grant(this.messages, this.bytes);
    if (permits > 0) {
      this.grants.push(permits);
      this.granted += permits;
    }
  }

  /** @returns whether the broker had a permit for it. */
  send(count: number, bytes: number): boolean {
    if (this.granted <= 0) {
      return false;
    }
    this.granted -= count;
    this.permits.used(count, bytes);
    this.waiting.push({ count, bytes });
    this.grant();
    return true;
  }

  take(): void {
    this.waiting.shift();
    this.grant();
  }
}

test('whatever comes, no more messages wait than were asked for, but for the last batch, and it never stalls', () => {
  const entry = fc.record({
    count: fc.integer({ min: 1, max: 50 }),
    bytes: fc.integer({ min: 1, max: MIB }),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 20 * MIB }),
      fc.array(fc.tuple(entry, fc.boolean()), { minLength: 1, maxLength: 200 }),
      (messages, bytes, steps) => {
        const flow = new Flow(messages, bytes);
        for (const [{ count, bytes: size }, taking] of steps) {
          if (taking) {
            flow.take();
          } else if (!flow.send(count, size)) {
            expect(flow.waiting.length).toBeGreaterThan(0);
          }
          expect(flow.messages + Math.max(0, flow.granted)).toBeLessThan(messages + 50);
        }
        flow.waiting.length = 0;
        flow.grant();
        expect(flow.granted).toBeGreaterThan(0);
      },
    ),
  );
});

test('messages of 5 MiB do not pile up: the bytes bound them', () => {
  const flow = new Flow(1000, 64 * MIB);
  while (flow.send(1, 5 * MIB)) {
    // The broker sends while it may.
  }
  expect(flow.bytes).toBeLessThan(96 * MIB);
  for (let i = 0; i < 200; i++) {
    flow.take();
    while (flow.send(1, 5 * MIB)) {
      expect(flow.bytes).toBeLessThan(72 * MIB);
    }
  }
});

test('a message of many parts gets all of them, however few bytes are left and however many it needs', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 * MIB }),
      fc.array(fc.integer({ min: 1, max: 5 * MIB }), { minLength: 1, maxLength: 30 }),
      (bytes, parts) => {
        const permits = new Permits({ messages: 100, bytes });
        let [granted, waiting] = [permits.grant(0, 0), 0];
        for (const part of parts) {
          expect(granted).toBeGreaterThan(0);
          permits.used(1, part);
          waiting += part;
          granted += permits.grant(0, waiting) - 1;
        }
      },
    ),
  );
});

test('small messages get the whole queue, in halves', () => {
  const flow = new Flow(1000, 64 * MIB);
  for (let i = 0; i < 20_000; i++) {
    expect(flow.send(1, 100)).toBe(true);
    flow.take();
  }
  expect(Math.max(...flow.grants.slice(3))).toBeLessThanOrEqual(1000);
  expect(Math.min(...flow.grants.slice(3))).toBeGreaterThanOrEqual(499);
});

test('at another place at the broker it begins with all that it has room for', () => {
  const flow = new Flow(100, 64 * MIB);
  flow.send(1, 100);
  flow.permits.reset();
  expect(flow.permits.grant(0, 0)).toBe(100);
});
