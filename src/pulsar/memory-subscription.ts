import { ConnectorError } from '../errors';
import type { SubscriptionType } from '../io';
import { Ring } from '../util/ring';
import { MemoryKeyHolders } from './memory-key-holders';
import type { StoredMessage } from './memory-message';
import { MemoryReplay } from './memory-replay';
import type { MessageLog, Subscriber } from './memory-subscriber';

export type { MessageLog, Subscriber };

/** A message that was read; without a holder it waits to be delivered, or is acknowledged. */
interface Read {
  holder: Subscriber | undefined;
  redeliveries: number;
  acknowledged: boolean;
}

/** How many messages Key_Shared reads ahead of those whose consumer has no permit left. */
const LOOK_AHEAD = 1000;

/**
 * A durable subscription: which messages are acknowledged, which are out, and whose turn it is.
 *
 *   acknowledged | floor … | next … | end
 *                  read:     not read
 *                  acknowledged, held by a consumer, or in `replay`
 *
 * Source of the rules: Pulsar's PersistentDispatcherSingleActiveConsumer (Exclusive, Failover: the consumer
 * that connected first), …MultipleConsumers (Shared), …StickyKey… (Key_Shared).
 */
export class MemorySubscription {
  readonly #log: MessageLog;
  readonly #settled: () => void;
  #subscribers: Subscriber[] = [];
  /** From `floor` to `next`. */
  readonly #read = new Ring<Read>();
  /** Those among them that are acknowledged. */
  #acknowledged = 0;
  /** Read, held by nobody, or acknowledged meanwhile. */
  readonly #replay = new MemoryReplay();
  readonly #keyHolders = new MemoryKeyHolders<Subscriber>();
  readonly #waiters: { readonly target: number; readonly resolve: () => void }[] = [];
  #type: SubscriptionType = 'Exclusive';
  #next: number;
  #floor: number;
  #turn = 0;

  /** @param settled Called when `floor` may have risen. */
  constructor(log: MessageLog, start: number, settled: () => void) {
    this.#log = log;
    this.#next = start;
    this.#floor = start;
    this.#settled = settled;
  }

  /** Every message below it is acknowledged. */
  get floor(): number {
    return this.#floor;
  }

  /** Messages not acknowledged. */
  get backlog(): number {
    return this.#log.end - this.#floor - this.#acknowledged;
  }

  get subscribers(): readonly Subscriber[] {
    return this.#subscribers;
  }

  /** @throws ConnectorError PULSAR_SUBSCRIPTION_MISMATCH, PULSAR_CONSUMER_BUSY */
  attach(subscriber: Subscriber, type: SubscriptionType): void {
    if (this.#subscribers.length > 0) {
      if (type !== this.#type) {
        const details = { expected: this.#type, found: type };
        throw new ConnectorError('PULSAR_SUBSCRIPTION_MISMATCH', 'the subscription is in use', details);
      }
      if (type === 'Exclusive') {
        const holder = this.#subscribers.map(({ name }) => name).join();
        throw new ConnectorError('PULSAR_CONSUMER_BUSY', `consumer ${holder} holds the subscription`);
      }
    }
    this.#type = type;
    this.#subscribers.push(subscriber);
  }

  /** What `gone` hold goes to others, or to the next that comes. */
  detach(gone: readonly Subscriber[]): void {
    let number = this.#floor;
    for (const read of this.#read) {
      if (read.holder !== undefined && gone.includes(read.holder)) {
        this.#takeBack(number, read);
      }
      number++;
    }
    this.#subscribers = this.#subscribers.filter((subscriber) => !gone.includes(subscriber));
    this.dispatch();
  }

  /** Whoever holds it: a consumer may acknowledge what went to another one while it was away. */
  acknowledge(number: number): void {
    const read = this.#unsettled(number);
    if (read === undefined) {
      return;
    }
    this.#release(number, read);
    read.acknowledged = true;
    this.#acknowledged++;
    while (this.#read.peek()?.acknowledged) {
      this.#read.shift();
      this.#acknowledged--;
      this.#floor++;
    }
    for (let i = this.#waiters.length - 1; i >= 0; i--) {
      const waiter = this.#waiters[i];
      if (waiter !== undefined && waiter.target <= this.#floor) {
        this.#waiters.splice(i, 1);
        waiter.resolve();
      }
    }
    this.#settled();
    if (this.#type === 'Key_Shared' && this.#replay.length > 0) {
      // Its key may have become free.
      this.dispatch();
    }
  }

  /** Delivers again what `subscriber` holds; nothing when it does not hold it any more. */
  redeliver(subscriber: Subscriber, number: number): void {
    const read = this.#unsettled(number);
    if (read?.holder === subscriber) {
      this.#takeBack(number, read);
      this.dispatch();
    }
  }

  /** Resolves once everything that is in the topic now is acknowledged. */
  whenCaughtUp(): Promise<void> {
    const target = this.#log.end;
    return this.#floor >= target
      ? Promise.resolve()
      : new Promise((resolve) => this.#waiters.push({ target, resolve }));
  }

  /** Sends what can be sent: call it when a message or a permit has come. */
  dispatch(): void {
    if (!this.#anyoneReady()) {
      return;
    }
    this.#replay.offer((number) => this.#sendAgain(number));
    while (this.#next < this.#log.end) {
      const number = this.#next;
      const message = this.#log.at(number);
      const target = this.#target(message);
      if (target === undefined) {
        if (this.#type !== 'Key_Shared' || this.#replay.length >= LOOK_AHEAD || !this.#anyoneReady()) {
          return;
        }
        this.#replay.add(number);
        this.#read.push({ holder: undefined, redeliveries: 0, acknowledged: false });
      } else {
        const read = { holder: undefined, redeliveries: 0, acknowledged: false };
        this.#read.push(read);
        this.#send(message, read, target);
      }
      this.#next = number + 1;
    }
  }

  /** Undefined when it was not read, or is acknowledged. */
  #unsettled(number: number): Read | undefined {
    const read = number < this.#floor ? undefined : this.#read.at(number - this.#floor);
    return read?.acknowledged ? undefined : read;
  }

  /** False when it has to wait. */
  #sendAgain(number: number): boolean {
    const read = this.#unsettled(number);
    if (read === undefined) {
      return true;
    }
    const message = this.#log.at(number);
    const target = this.#target(message);
    if (target !== undefined) {
      this.#send(message, read, target);
    }
    return target !== undefined;
  }

  /** Whose turn it is; undefined when it has to wait. Nobody becomes ready while `dispatch` runs. */
  #target(message: StoredMessage): Subscriber | undefined {
    switch (this.#type) {
      case 'Shared':
        return this.#nextReady();
      case 'Key_Shared': {
        const holder = this.#keyHolders.of(message, this.#subscribers);
        return holder?.ready ? holder : undefined;
      }
      default: {
        const [active] = this.#subscribers;
        return active?.ready ? active : undefined;
      }
    }
  }

  #nextReady(): Subscriber | undefined {
    for (let i = 0; i < this.#subscribers.length; i++) {
      const subscriber = this.#subscribers[this.#turn++ % this.#subscribers.length];
      if (subscriber?.ready) {
        return subscriber;
      }
    }
    return undefined;
  }

  #anyoneReady(): boolean {
    return this.#subscribers.some(({ ready }) => ready);
  }

  #send(message: StoredMessage, read: Read, target: Subscriber): void {
    read.holder = target;
    if (this.#type === 'Key_Shared') {
      this.#keyHolders.took(message, target);
    }
    target.deliver(message, read.redeliveries);
  }

  #takeBack(number: number, read: Read): void {
    this.#release(number, read);
    if (this.#type === 'Shared' || this.#type === 'Key_Shared') {
      read.redeliveries++;
    }
    this.#replay.add(number);
  }

  #release(number: number, read: Read): void {
    if (this.#type === 'Key_Shared' && read.holder !== undefined) {
      this.#keyHolders.released(this.#log.at(number));
    }
    read.holder = undefined;
  }
}
