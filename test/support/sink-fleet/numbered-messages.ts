import type { PutEntry } from '../../../src/aws/kinesis-api';
import type { PublishedMessage } from '../../../src/pulsar/memory-message';
import { type Random, randomInt } from '../../../src/util/random';
import type { AuditedMessage, MessageKind, SinkAudit } from './sink-audit';
import type { SinkSettings } from './sink-settings';

/** Bytes of data and key that the stream takes. */
export const MAX_RECORD_BYTES = 1024 * 1024;

const TOO_LARGE = Buffer.alloc(MAX_RECORD_BYTES + 1, '.');
const EMPTY = new Uint8Array();
const KEYS = 8;

/** Messages that are known again wherever they turn up: by their property `n`, in the stream by what is stored. */
export class NumberedMessages {
  readonly #audit: SinkAudit;
  readonly #settings: SinkSettings;
  readonly #random: Random;
  readonly #values: (Uint8Array | undefined)[] = [];

  constructor(audit: SinkAudit, settings: SinkSettings, random: Random) {
    this.#audit = audit;
    this.#settings = settings;
    this.#random = random;
  }

  /** New ones, to be put into the topic as one batch. @param oneKey whether they have their key in common */
  batch(size: number, oneKey: boolean): PublishedMessage[] {
    const first = this.next();
    const others = Array.from({ length: size - 1 }, () =>
      oneKey ? this.#put(first.key, 'plain') : this.next(),
    );
    return [first, ...others];
  }

  /** A new one, to be put into the topic. */
  next(): PublishedMessage {
    const kind = this.#kind();
    return this.#put(this.#key(kind), kind);
  }

  #put(key: string | undefined, kind: MessageKind): PublishedMessage {
    const message = this.#audit.publish(key, kind);
    const value = this.#value(message);
    this.#values.push(value);
    return { key, value, properties: { n: String(message.index) } };
  }

  of(properties: { readonly [name: string]: string }): AuditedMessage {
    return this.#numbered(properties.n);
  }

  ofEntry({ data, partitionKey }: PutEntry): AuditedMessage {
    if (this.#settings.wholeMessage) {
      return this.#numbered(/"n":"(\d+)"/.exec(Buffer.from(data).toString())?.[1]);
    }
    if (data.byteLength === 0) {
      return this.#numbered(partitionKey.slice('null-'.length));
    }
    return this.#numbered(String(Number.parseInt(Buffer.from(data).toString('latin1', 0, 12), 10)));
  }

  /** Whether `entry` holds what was published, under its key. */
  isExact(entry: PutEntry, { key, index }: AuditedMessage): boolean {
    return (
      (key === undefined || entry.partitionKey === key) &&
      (this.#settings.wholeMessage || Buffer.compare(entry.data, this.#values[index] ?? EMPTY) === 0)
    );
  }

  #kind(): MessageKind {
    const { policy } = this.#settings;
    const dice = this.#random.next();
    if (dice < 0.04) {
      return 'null';
    }
    // Else they would end every instance.
    const hopeless = policy === 'dead letters' || policy === 'skip';
    return !hopeless || dice > 0.06 ? 'plain' : dice < 0.044 ? 'too large' : 'poison';
  }

  #key(kind: MessageKind): string | undefined {
    if (kind === 'null') {
      // By which it is known again.
      return `null-${this.#audit.messages.length}`;
    }
    const dice = this.#random.next();
    return dice < 0.15 ? undefined : `key-${dice < 0.35 ? 0 : randomInt(this.#random, KEYS)}`;
  }

  #value({ kind, index }: AuditedMessage): Uint8Array | undefined {
    switch (kind) {
      case 'null':
        return undefined;
      case 'too large':
        return TOO_LARGE;
      default: {
        const width = this.#random.next() < 0.1 ? 800 : 20;
        return Buffer.from(`${index}|${'.'.repeat(randomInt(this.#random, width))}`);
      }
    }
  }

  #numbered(n: string | undefined): AuditedMessage {
    const message = this.#audit.messages[Number(n)];
    if (message === undefined) {
      throw new Error(`there is no message ${n}`);
    }
    return message;
  }
}
