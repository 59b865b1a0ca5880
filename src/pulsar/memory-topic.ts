import type { Schema } from '../io';
import type { PublishedMessage, StoredMessage } from './memory-message';
import { MemorySubscription, type MessageLog } from './memory-subscription';
import { PendingBudget, type PendingLimits } from './protocol';

const NOTHING = new Uint8Array();

/** Messages in order, for as long as somebody needs them. */
export class MemoryTopic implements MessageLog {
  readonly name: string;
  readonly producerNames = new Set<string>();
  /** Highest sequence id of what sequenced producers have stored, by producer name. */
  readonly lastIds = new Map<string, number>();
  readonly subscriptions = new Map<string, MemorySubscription>();
  /** What it holds; its producers wait while that is too much. */
  readonly backlog: PendingBudget;
  readonly #keep: number;
  readonly #schemas: Schema[] = [];
  readonly #messages: StoredMessage[] = [];
  /** Number of the first of `#messages`. */
  #first = 0;

  /** @param keep Newest messages kept though nobody needs them. */
  constructor(name: string, keep: number, backlog: PendingLimits) {
    this.name = name;
    this.#keep = keep;
    this.backlog = new PendingBudget(backlog);
  }

  get end(): number {
    return this.#first + this.#messages.length;
  }

  get messages(): readonly StoredMessage[] {
    return this.#messages;
  }

  at(number: number): StoredMessage {
    return this.#messages[number - this.#first] as StoredMessage;
  }

  /** Whether nobody needs what is appended now: it is only counted. */
  get discards(): boolean {
    return this.#keep === 0 && this.subscriptions.size === 0;
  }

  /** Keeps the value, not a copy of it. */
  append(message: PublishedMessage): void {
    if (this.discards) {
      this.#first++;
      return;
    }
    const { key, value, eventTime, encryption } = message;
    this.#messages.push({
      number: this.end,
      topic: this.name,
      key,
      keyIsBase64: message.keyIsBase64 ?? false,
      value: value ?? NOTHING,
      nullValue: value === undefined,
      eventTime,
      publishTime: message.publishTime ?? 0,
      properties: message.properties ?? {},
      schemaVersion: message.schema === undefined ? undefined : this.#versionOf(message.schema),
      encryption,
    });
    this.backlog.take(value?.length ?? 0);
    for (const subscription of this.subscriptions.values()) {
      subscription.dispatch();
    }
    this.#drop();
  }

  /** The subscription of that name; a new one begins at `position`. */
  subscription(name: string, position: 'earliest' | 'latest'): MemorySubscription {
    let found = this.subscriptions.get(name);
    if (found === undefined) {
      const start = position === 'earliest' ? this.#first : this.end;
      found = new MemorySubscription(this, start, () => this.#drop());
      this.subscriptions.set(name, found);
    }
    return found;
  }

  /** Deletes a subscription, unless consumers are still connected to it. */
  unsubscribe(name: string): void {
    if (this.subscriptions.get(name)?.subscribers.length === 0) {
      this.subscriptions.delete(name);
      this.#drop();
    }
  }

  /** By their versions. */
  get schemas(): readonly Schema[] {
    return this.#schemas;
  }

  /** The schema a version stands for; undefined for a version that this topic never gave. */
  schema(version: Uint8Array): Schema | undefined {
    return this.#schemas[Number(Buffer.from(version).readBigUInt64BE())];
  }

  /** Versions are numbers of 64 bits, as a broker writes them. */
  #versionOf(schema: Schema): Uint8Array {
    let version = this.#schemas.indexOf(schema);
    if (version < 0) {
      version = this.#schemas.push(schema) - 1;
    }
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(version));
    return bytes;
  }

  #drop(): void {
    let needed = this.end - this.#keep;
    for (const { floor } of this.subscriptions.values()) {
      needed = Math.min(needed, floor);
    }
    const dropped = needed - this.#first;
    // Not one by one: each removal moves the whole array.
    if (dropped > 0 && dropped * 2 >= this.#messages.length) {
      const gone = this.#messages.splice(0, dropped);
      this.#first = needed;
      this.backlog.release(
        dropped,
        gone.reduce((bytes, { value }) => bytes + value.length, 0),
      );
    }
  }
}
