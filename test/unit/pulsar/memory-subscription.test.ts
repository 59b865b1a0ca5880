import fc from 'fast-check';
import type { SubscriptionType } from '../../../src/io';
import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import { ManualClock } from '../../support/manual-clock';
import { memoryConsumer, text } from '../../support/memory-consumers';

type TestConsumer = Awaited<ReturnType<typeof memoryConsumer>>;
type Message = Awaited<ReturnType<TestConsumer['receive']>>[number];

const REFUSAL_MS = 300;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), key: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('receive' as const), at: fc.nat(2), max: fc.nat(3) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('acknowledge' as const, 'refuse' as const),
      at: fc.nat(2),
      which: fc.nat(9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(400) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('close' as const, 'crash' as const, 'cut' as const, 'lose' as const),
      at: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'cut all' as const }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One consumer at its place, and what its user knows. */
interface Seat {
  readonly consumer: TestConsumer;
  readonly name: string;
  readonly inHand: Map<string, Message>;
  /** Texts, with the instant. */
  readonly refused: Map<string, number>;
  readonly acknowledged: Set<string>;
  receiving: boolean;
}

/** Consumers that come and go on one subscription, and the promises that are looked at with every message. */
class Lab {
  readonly clock = new ManualClock();
  readonly broker: MemoryBroker;
  readonly #type: SubscriptionType;
  readonly #seats: (Seat | undefined)[] = [undefined, undefined, undefined];
  /** Acknowledgements that have reached the broker. */
  readonly #settled = new Set<string>();
  readonly #acknowledged = new Set<string>();
  readonly #handedOut = new Set<string>();
  /** In the hands of a consumer while it was cut off: the broker gives it to others as well. */
  readonly #doubtful = new Set<string>();
  readonly #problems: unknown[] = [];
  #highest = -1;
  readonly #highestOfKey = new Map<string | undefined, number>();
  #published = 0;
  #names = 0;

  constructor(type: SubscriptionType, deliveryLatencyMs: number) {
    this.#type = type;
    this.broker = new MemoryBroker({ keep: 0, deliveryLatencyMs });
  }

  async apply(action: Step): Promise<void> {
    switch (action.do) {
      case 'publish':
        this.broker.publish('orders', {
          key: `k${action.key}`,
          value: Buffer.from(String(this.#published++)),
        });
        break;
      case 'receive':
        this.#receive(await this.#seat(action.at), action.max + 1);
        break;
      case 'acknowledge':
      case 'refuse':
        this.#settle(action.do, this.#seats[action.at], action.which);
        break;
      case 'wait':
        await this.#pass(action.ms);
        break;
      case 'close':
      case 'crash':
        await this.#leave(action.at, action.do);
        break;
      case 'cut':
      case 'cut all':
        this.#cut(action.do === 'cut' ? this.#seats[action.at]?.name : undefined);
        break;
      case 'lose':
        this.broker.behaviour.loseAcknowledgements++;
        break;
    }
    await this.#pass(0);
    this.#countBacklog();
  }

  /** Goes on without trouble until everything is acknowledged. */
  async finish(): Promise<void> {
    this.broker.behaviour.loseAcknowledgements = 0;
    this.#cut(undefined);
    await this.#seat(0);
    for (let round = 0; this.broker.backlog('orders', 'export') !== 0; round++) {
      expect(round).toBeLessThan(100);
      for (const seat of this.#seats.flatMap((one) => one ?? [])) {
        this.#receive(seat, 10);
        for (let left = seat.inHand.size; left > 0; left--) {
          this.#settle('acknowledge', seat, 0);
        }
      }
      await this.#pass(100);
    }
    expect(this.#acknowledged.size).toBe(this.#published);
    await this.#pass(10_000);
    const left = this.#seats.flatMap((seat) => [...(seat?.inHand.keys() ?? [])]);
    expect(left.filter((name) => !this.#doubtful.has(name))).toEqual([]);
    expect(this.broker.messages('orders')).toEqual([]);
    await Promise.all([0, 1, 2].map((at) => this.#leave(at, 'close')));
    expect(this.clock.pending).toBe(0);
  }

  /** Lets time pass. @throws what was wrong with a message that came meanwhile. */
  async #pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    for (const problem of this.#problems) {
      throw problem;
    }
  }

  async #seat(at: number): Promise<Seat> {
    const place = this.#type === 'Exclusive' ? 0 : at;
    const found = this.#seats[place];
    if (found !== undefined) {
      return found;
    }
    const name = `c${this.#names++}`;
    const consumer = await memoryConsumer(this.broker, this.clock, {
      subscriptionType: this.#type,
      consumerName: name,
      receiverQueueSize: 3,
      negativeAckRedeliveryDelayMs: REFUSAL_MS,
    });
    const seat = {
      consumer,
      name,
      inHand: new Map(),
      refused: new Map(),
      acknowledged: new Set<string>(),
      receiving: false,
    };
    this.#seats[place] = seat;
    return seat;
  }

  #receive(seat: Seat, max: number): void {
    if (seat.receiving) {
      return;
    }
    seat.receiving = true;
    const look = (messages: Message[]): void => {
      seat.receiving = false;
      expect(messages.length).toBeGreaterThan(0);
      expect(messages.length).toBeLessThanOrEqual(max);
      for (const message of messages) {
        this.#look(seat, message);
      }
    };
    const closed = ({ code }: { code: string }) => expect(code).toBe('PULSAR_CLOSED');
    seat.consumer
      .receive(max)
      .then(look, closed)
      .catch((error) => this.#problems.push(error));
  }

  #look(seat: Seat, message: Message): void {
    const name = text(message);
    expect(seat.inHand.has(name)).toBe(false);
    expect(seat.acknowledged.has(name)).toBe(false);
    const refusedAt = seat.refused.get(name);
    if (refusedAt !== undefined) {
      expect(this.clock.monotonic() - refusedAt).toBeGreaterThanOrEqual(REFUSAL_MS);
      seat.refused.delete(name);
    }
    if (!this.#doubtful.has(name)) {
      expect(this.#settled.has(name)).toBe(false);
    }
    for (const other of this.#seats) {
      const theirs = [...(other === seat ? [] : (other?.inHand.values() ?? []))];
      const sure = theirs.filter((one) => !this.#doubtful.has(text(one)));
      expect(sure.map(text)).not.toContain(name);
      if (this.#type === 'Key_Shared' && !this.#doubtful.has(name)) {
        expect(sure.map(({ key }) => key)).not.toContain(message.key);
      }
    }
    if (!this.#handedOut.has(name)) {
      this.#lookAtOrder(message, Number(name));
    }
    this.#handedOut.add(name);
    seat.inHand.set(name, message);
  }

  /** Only of what is handed out for the first time: what comes again is out of its order by nature. */
  #lookAtOrder({ key }: Message, number: number): void {
    if (this.#type === 'Exclusive' || this.#type === 'Failover') {
      expect(number).toBeGreaterThan(this.#highest);
      this.#highest = number;
    } else if (this.#type === 'Key_Shared') {
      expect(number).toBeGreaterThan(this.#highestOfKey.get(key) ?? -1);
      this.#highestOfKey.set(key, number);
    }
  }

  #settle(how: 'acknowledge' | 'refuse', seat: Seat | undefined, which: number): void {
    const names = [...(seat?.inHand.keys() ?? [])];
    const name = names[which % names.length];
    const message = name === undefined ? undefined : seat?.inHand.get(name);
    if (seat === undefined || name === undefined || message === undefined) {
      return;
    }
    seat.inHand.delete(name);
    if (how === 'refuse') {
      seat.refused.set(name, this.clock.monotonic());
      seat.consumer.negativeAcknowledge(message);
      return;
    }
    const heard =
      this.broker.behaviour.loseAcknowledgements === 0 &&
      this.broker.consumers('orders', 'export').includes(seat.name);
    seat.consumer.acknowledge(message);
    seat.acknowledged.add(name);
    this.#acknowledged.add(name);
    if (heard) {
      this.#settled.add(name);
    }
  }

  async #leave(at: number, how: 'close' | 'crash'): Promise<void> {
    const seat = this.#seats[at];
    if (seat === undefined) {
      return;
    }
    this.#seats[at] = undefined;
    for (const name of seat.acknowledged) {
      this.#doubtful.add(name);
    }
    if (how === 'crash') {
      seat.consumer.transport.crash();
    } else {
      await this.clock.run(seat.consumer.close(50));
    }
  }

  #cut(name: string | undefined): void {
    for (const seat of this.#seats) {
      if (seat !== undefined && (name === undefined || seat.name === name)) {
        const touched = [...seat.inHand.keys(), ...seat.acknowledged, ...seat.refused.keys()];
        for (const one of touched) {
          this.#doubtful.add(one);
        }
      }
    }
    if (name !== undefined || this.#seats.some((seat) => seat !== undefined)) {
      this.broker.disconnectConsumers(name);
    }
  }

  /** What is not acknowledged is the backlog: all of it, and nothing else. */
  #countBacklog(): void {
    const backlog = this.broker.backlog('orders', 'export');
    if (backlog !== undefined) {
      expect(backlog).toBeGreaterThanOrEqual(this.#published - this.#acknowledged.size);
      expect(backlog).toBeLessThanOrEqual(this.#published - this.#settled.size);
    }
  }
}

describe.each(['Exclusive', 'Failover', 'Shared', 'Key_Shared'] as const)('on %s', (type) => {
  test.each([0, 20])(
    'whatever happens, messages under way for %i ms are settled, and none is in two hands',
    (latency) =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
          const lab = new Lab(type, latency);
          await lab.apply({ do: 'receive', at: 0, max: 0 });
          for (const one of steps) {
            await lab.apply(one);
          }
          await lab.finish();
        }),
        { numRuns: 20 },
      ),
  );
});
