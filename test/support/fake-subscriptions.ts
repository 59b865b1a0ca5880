import type { Commands } from '../../src/pulsar/protocol/command';

/** An entry of a topic in a fake broker; `frame` is what follows the MESSAGE command. */
export interface FakeEntry {
  readonly ledgerId: number;
  readonly entryId: number;
  readonly frame: Buffer;
  /** Messages of it as permits count them. */
  readonly count: number;
  readonly key: string | undefined;
}

/** A consumer as a fake broker sees it. */
export interface FakeConsumer {
  readonly consumerId: number;
  readonly name: string;
  permits: number;
  /** Sends an entry. */
  send(entry: FakeEntry, redeliveryCount: number): void;
  /** Tells it whether it is the active one. */
  activeChanged(active: boolean): void;
}

const [EXCLUSIVE, SHARED, FAILOVER, KEY_SHARED] = [0, 1, 2, 3];

/**
 * One subscription of a fake broker, by the rules of a real one: what is not acknowledged goes to whoever is there,
 * the only or first consumer gets it from the start again, many consumers share it.
 */
export class FakeSubscription {
  readonly acknowledged = new Set<FakeEntry>();
  /** Messages of batches that are not acknowledged, as bits. */
  readonly #parts = new Map<FakeEntry, number>();
  readonly #entries: readonly FakeEntry[];
  readonly #type: number;
  readonly #first: number;
  readonly #consumers: FakeConsumer[] = [];
  /** Entries at a consumer. */
  readonly #pending = new Map<FakeEntry, FakeConsumer>();
  readonly #redeliveries = new Map<FakeEntry, number>();
  #active: FakeConsumer | undefined;
  #turn = 0;

  constructor(entries: readonly FakeEntry[], type: number, fromStart: boolean) {
    this.#entries = entries;
    this.#type = type;
    this.#first = fromStart ? 0 : entries.length;
  }

  get consumers(): readonly FakeConsumer[] {
    return this.#consumers;
  }

  get type(): number {
    return this.#type;
  }

  get #shared(): boolean {
    return this.#type === SHARED || this.#type === KEY_SHARED;
  }

  /** Last entry before the first that is not acknowledged. */
  get markDelete(): FakeEntry | undefined {
    let last = this.#entries[this.#first - 1];
    for (const entry of this.#entries.slice(this.#first)) {
      if (!this.acknowledged.has(entry)) {
        break;
      }
      last = entry;
    }
    return last;
  }

  /** @returns what stands in the way, as a ServerError and its text. */
  add(consumer: FakeConsumer, type: number): readonly [number, string] | undefined {
    if (this.#consumers.length > 0 && type !== this.#type) {
      return [5, 'Subscription is of different type'];
    }
    if (this.#consumers.length > 0 && this.#type === EXCLUSIVE) {
      return [5, 'Exclusive consumer is already connected'];
    }
    this.#consumers.push(consumer);
    this.#choose();
    return undefined;
  }

  remove(consumer: FakeConsumer): void {
    const index = this.#consumers.indexOf(consumer);
    if (index < 0) {
      return;
    }
    this.#consumers.splice(index, 1);
    for (const [entry, holder] of this.#pending) {
      if (holder === consumer) {
        this.#pending.delete(entry);
        this.#redelivered(entry);
      }
    }
    this.#choose();
  }

  acknowledge(entry: FakeEntry): void {
    this.acknowledged.add(entry);
    this.#pending.delete(entry);
  }

  /** That entry and all before it. */
  acknowledgeAll(last: FakeEntry): void {
    for (const entry of this.#entries.slice(0, last.entryId + 1)) {
      this.acknowledge(entry);
    }
  }

  /** @param left bits of the messages that are not acknowledged. */
  acknowledgePart(entry: FakeEntry, left: number): void {
    this.#parts.set(entry, (this.#parts.get(entry) ?? left) & left);
  }

  /** For a MESSAGE: empty when all of `entry` is wanted. */
  partsOf(entry: FakeEntry): readonly number[] {
    const left = this.#parts.get(entry);
    return left === undefined ? [] : [left];
  }

  redeliver(consumer: FakeConsumer, entries: readonly FakeEntry[]): void {
    for (const [entry, holder] of this.#pending) {
      if (holder === consumer && (!this.#shared || entries.includes(entry))) {
        this.#pending.delete(entry);
        this.#redelivered(entry);
      }
    }
    this.dispatch();
  }

  dispatch(): void {
    for (const entry of this.#entries.slice(this.#first)) {
      if (this.acknowledged.has(entry) || this.#pending.has(entry)) {
        continue;
      }
      const consumer = this.#receiverOf(entry);
      if (consumer !== undefined && consumer.permits > 0) {
        this.#pending.set(entry, consumer);
        consumer.permits -= entry.count;
        consumer.send(entry, this.#shared ? (this.#redeliveries.get(entry) ?? 0) : 0);
      } else if (!this.#shared) {
        return;
      }
    }
  }

  #redelivered(entry: FakeEntry): void {
    this.#redeliveries.set(entry, (this.#redeliveries.get(entry) ?? 0) + 1);
  }

  #receiverOf(entry: FakeEntry): FakeConsumer | undefined {
    if (!this.#shared) {
      return this.#active;
    }
    const consumers = this.#consumers;
    if (this.#type === KEY_SHARED) {
      for (const [other, holder] of this.#pending) {
        if (other.key === entry.key) {
          return holder;
        }
      }
      const hash = [...(entry.key ?? '')].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
      return consumers[hash % Math.max(1, consumers.length)];
    }
    for (let i = 0; i < consumers.length; i++) {
      const consumer = consumers[this.#turn++ % consumers.length];
      if (consumer !== undefined && consumer.permits > 0) {
        return consumer;
      }
    }
    return undefined;
  }

  /** The active consumer of a failover subscription is the first by name; a change sends everything again. */
  #choose(): void {
    const chosen =
      this.#type === FAILOVER
        ? [...this.#consumers].sort((a, b) => (a.name < b.name ? -1 : 1))[0]
        : this.#consumers[0];
    if (!this.#shared && chosen !== this.#active) {
      this.#active = chosen;
      this.#pending.clear();
    }
    if (this.#type === FAILOVER) {
      for (const consumer of this.#consumers) {
        consumer.activeChanged(consumer === chosen);
      }
    }
    this.dispatch();
  }
}

/** Everything of one topic that consumers of a fake broker see. */
export class FakeTopic {
  readonly entries: FakeEntry[] = [];
  readonly subscriptions = new Map<string, FakeSubscription>();

  append(frame: Buffer, count = 1, key?: string): FakeEntry {
    const entry = { ledgerId: 7, entryId: this.entries.length, frame, count, key };
    this.entries.push(entry);
    for (const subscription of this.subscriptions.values()) {
      subscription.dispatch();
    }
    return entry;
  }

  /** The subscription of that command, made when it is new. */
  subscription({ subscription, subType, initialPosition }: Commands['subscribe']): FakeSubscription {
    const known = this.subscriptions.get(subscription);
    if (known !== undefined && (known.type === subType || known.consumers.length > 0)) {
      return known;
    }
    const made = new FakeSubscription(this.entries, subType, initialPosition === 1);
    for (const entry of known?.acknowledged ?? []) {
      made.acknowledged.add(entry);
    }
    this.subscriptions.set(subscription, made);
    return made;
  }

  /** The last entry that is not behind that place. */
  upTo({
    ledgerId,
    entryId,
  }: {
    readonly ledgerId: number;
    readonly entryId: number;
  }): FakeEntry | undefined {
    return this.entries.findLast(
      (entry) => entry.ledgerId < ledgerId || (entry.ledgerId === ledgerId && entry.entryId <= entryId),
    );
  }

  find({
    ledgerId,
    entryId,
  }: {
    readonly ledgerId: number;
    readonly entryId: number;
  }): FakeEntry | undefined {
    const entry = this.entries[entryId];
    return entry?.ledgerId === ledgerId ? entry : undefined;
  }
}
