import fc from 'fast-check';
import type { TrackedEntry } from '../../../src/pulsar/protocol/acknowledgement-tracker';
import { AcknowledgementTracker } from '../../../src/pulsar/protocol/acknowledgement-tracker';
import { Inbox } from '../../../src/pulsar/protocol/inbox';
import type { ReceivedMessage } from '../../../src/pulsar/protocol/received-message';
import type { Clock, TimerHandle } from '../../../src/util/clock';
import { encodeBatch, encodeSingle } from '../../support/message-codec';

const TOPIC = 'persistent://public/default/orders';
const DELAY_MS = 1000;

/** A clock whose timers run inside `advance`. */
class StepClock implements Clock {
  #now = 0;
  readonly #timers = new Map<TimerHandle, { readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(callback: () => void, ms: number): TimerHandle {
    const handle = {};
    this.#timers.set(handle, { at: this.#now + ms, callback });
    return handle;
  }

  clearTimer(handle: TimerHandle): void {
    this.#timers.delete(handle);
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const [handle, { at, callback }] of this.#timers) {
      if (at <= this.#now) {
        this.#timers.delete(handle);
        callback();
      }
    }
  }
}

/**
 * A broker by the rules of a real one, reduced to what matters here: it sends every entry that is not acknowledged
 * once a connection, single ones again when asked to, and may have read an entry before it hears of its end.
 */
class ModelBroker {
  readonly clock = new StepClock();
  readonly inbox: Inbox;
  /** Messages in the caller's hands. */
  readonly hands: ReceivedMessage[] = [];
  readonly done = new Set<string>();
  readonly twice: string[] = [];
  readonly #shared: boolean;
  /** Sizes of the entries; 1 is a plain one. */
  readonly #sizes: readonly number[];
  readonly #acknowledged = new Set<number>();
  #toSend: number[];
  /** Acknowledgements on their way to the broker, and answers on their way back. */
  #told: TrackedEntry[] = [];
  #answers: TrackedEntry[] = [];

  constructor(sizes: readonly number[], shared: boolean) {
    this.#sizes = sizes;
    this.#shared = shared;
    this.#toSend = sizes.map((_size, i) => i);
    this.inbox = new Inbox({
      clock: this.clock,
      topic: TOPIC,
      receiver: { messages: 10, bytes: 1e6 },
      redelivery: { initialMs: DELAY_MS, maxMs: DELAY_MS, multiplier: 1 },
      chunks: { maxPending: 10, autoAckOldest: false, expireMs: 60_000 },
      partly: () => undefined,
      skipped: () => undefined,
      rewind: () => undefined,
      shared,
      complete: (entry) => this.#told.push(entry),
      // What it has not sent on this connection it will send anyway.
      redeliver: (entries) =>
        this.#toSend.push(
          ...entries.map(({ entryId }) => entryId).filter((entryId) => !this.#toSend.includes(entryId)),
        ),
      arrived: () => undefined,
    });
  }

  get finished(): boolean {
    return this.#acknowledged.size === this.#sizes.length;
  }

  send(): void {
    const entryId = this.#toSend.shift();
    const size = entryId === undefined ? 0 : (this.#sizes[entryId] ?? 0);
    if (entryId === undefined) {
      return;
    }
    const message = { value: Buffer.from('x') };
    const messages = Array.from({ length: size }, (_, i) => ({ ...message, compactedOut: i === 1 }));
    const frame = size === 1 ? encodeSingle(message) : encodeBatch(messages);
    this.inbox.delivered(
      { consumerId: 1, ledgerId: 5, entryId, redeliveryCount: 0, ackSet: undefined },
      frame,
    );
  }

  take(max: number): void {
    for (const message of this.inbox.take(max)) {
      if (this.done.has(message.id) || this.hands.some(({ id }) => id === message.id)) {
        this.twice.push(message.id);
      }
      this.hands.push(message);
    }
  }

  acknowledge(which: number): void {
    const [message] = this.hands.splice(which % Math.max(1, this.hands.length), 1);
    if (message !== undefined) {
      this.done.add(message.id);
      this.inbox.acknowledge(message);
    }
  }

  refuse(which: number): void {
    const [message] = this.hands.splice(which % Math.max(1, this.hands.length), 1);
    if (message !== undefined) {
      this.inbox.refuse(message);
    }
  }

  /** The broker takes what it was told. */
  hear(): void {
    for (const entry of this.#told) {
      this.#acknowledged.add(entry.entryId);
    }
    this.#answers.push(...this.#told);
    this.#told = [];
  }

  answer(): void {
    for (const entry of this.#answers) {
      this.inbox.answered(entry);
    }
    this.#answers = [];
  }

  /** A new connection: what is unanswered is told first; then the broker reads all that is left. */
  reconnect(): void {
    this.inbox.lost();
    this.#told = [...this.#answers, ...this.#told];
    this.#answers = [];
    this.hear();
    this.#toSend = this.#sizes.map((_size, i) => i).filter((i) => !this.#acknowledged.has(i));
  }

  /** Another consumer of a failover subscription was active for a while. */
  switchOver(): void {
    if (!this.#shared) {
      this.inbox.deactivated();
      this.inbox.activated();
      this.#toSend = this.#sizes.map((_size, i) => i).filter((i) => !this.#acknowledged.has(i));
    }
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant((model: ModelBroker) => model.send()) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 5 }).map((max) => (model: ModelBroker) => model.take(max)),
  },
  { weight: 4, arbitrary: fc.nat(50).map((which) => (model: ModelBroker) => model.acknowledge(which)) },
  { weight: 2, arbitrary: fc.nat(50).map((which) => (model: ModelBroker) => model.refuse(which)) },
  { weight: 2, arbitrary: fc.constant((model: ModelBroker) => model.hear()) },
  { weight: 2, arbitrary: fc.constant((model: ModelBroker) => model.answer()) },
  { weight: 1, arbitrary: fc.constant((model: ModelBroker) => model.reconnect()) },
  { weight: 1, arbitrary: fc.constant((model: ModelBroker) => model.switchOver()) },
  { weight: 2, arbitrary: fc.nat(600).map((ms) => (model: ModelBroker) => model.clock.advance(ms)) },
);

test.each([
  ['with one consumer at a time', false],
  ['with many', true],
])('on a subscription %s no message is handed out twice, and none is forgotten', (_kind, shared) => {
  const sizes = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 4 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(sizes, fc.array(step, { minLength: 30, maxLength: 150 }), (entries, steps) => {
      const model = new ModelBroker(entries, shared);
      for (const take of steps) {
        take(model);
      }
      // From here on everything goes well; no reconnect heals what would be stuck.
      for (let round = 0; round < 20 && !model.finished; round++) {
        model.clock.advance(DELAY_MS + 100);
        for (let i = 0; i < 10; i++) {
          model.send();
          model.take(10);
        }
        while (model.hands.length > 0) {
          model.acknowledge(0);
        }
        model.hear();
        model.answer();
      }
      expect(model.twice).toEqual([]);
      expect(model.finished).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('what is refused while another consumer is active is left to that one', () => {
  const model = new ModelBroker([1, 1], false);
  model.send();
  model.take(1);
  model.inbox.deactivated();
  model.refuse(0);
  model.clock.advance(DELAY_MS + 100);
  model.take(1);
  expect(model.hands).toEqual([]);
  model.inbox.activated();
  model.reconnect();
  model.send();
  model.take(1);
  model.refuse(0);
  model.clock.advance(DELAY_MS + 100);
  model.take(1);
  expect(model.hands.map(({ id }) => id)).toEqual(['5:0']);
});

test('what comes before a consumer is told that it is the active one is not handed out: it would be out of order', () => {
  const model = new ModelBroker([1, 1], false);
  model.inbox.deactivated();
  model.send();
  model.take(1);
  expect(model.hands).toEqual([]);
  expect(model.inbox.grant()).toBe(0);
  model.inbox.activated();
  expect(model.inbox.grant()).toBeGreaterThan(0);
});

describe('a tracker', () => {
  const handOut = (entry: TrackedEntry, count: number): void => {
    for (let index = 0; index < count; index++) {
      entry.hold(index);
    }
  };

  test('forgets what is answered, and what was given back untouched', () => {
    const tracker = new AcknowledgementTracker();
    const [done, refused] = [tracker.arrived(1, 1, 1), tracker.arrived(1, 2, 1)];
    handOut(done, 1);
    handOut(refused, 1);
    done.acknowledge(0);
    tracker.answered(done);
    refused.release(0);
    tracker.settle(refused);
    expect(tracker.size).toBe(0);
  });

  test('remembers what is acknowledged of so many batches that are elsewhere, and no more', () => {
    const tracker = new AcknowledgementTracker(3);
    for (let entryId = 0; entryId < 10; entryId++) {
      const entry = tracker.arrived(1, entryId, 2);
      handOut(entry, 2);
      entry.acknowledge(0);
      entry.release(1);
      tracker.settle(entry);
    }
    expect(tracker.size).toBe(3);
    expect(tracker.arrived(1, 9, 2).open).toBe(1);
    expect(tracker.arrived(1, 0, 2).open).toBe(2);
  });

  test('does not forget what has come again, for the sake of what is elsewhere', () => {
    const tracker = new AcknowledgementTracker(2);
    const part = (entryId: number): TrackedEntry => {
      const entry = tracker.arrived(1, entryId, 2);
      handOut(entry, 2);
      entry.acknowledge(0);
      entry.release(1);
      tracker.settle(entry);
      return entry;
    };
    const again = part(0);
    expect(tracker.arrived(1, 0, 2)).toBe(again);
    again.hold(1);
    for (let entryId = 1; entryId < 5; entryId++) {
      part(entryId);
    }
    expect(tracker.arrived(1, 0, 2)).toBe(again);
  });

  test('takes over what the broker knows to be acknowledged of a batch', () => {
    const entry = new AcknowledgementTracker().arrived(1, 1, 40, [0b1010, 0, 0, 0]);
    expect(entry.open).toBe(2);
    expect([0, 1, 2, 3, 39].map((index) => entry.hold(index))).toEqual([false, true, false, true, false]);
  });
});
