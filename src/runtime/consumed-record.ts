import type { EncryptionContext, Properties, Record, Schema } from '../io';
import type { ReceivedMessage } from '../pulsar/transport';
import type { SinkValue } from '../sink/entry';

/** Who is told what the sink says about its records; each record once. */
export interface RecordOwner {
  acked(record: ConsumedRecord): void;
  failed(record: ConsumedRecord, cause: Error): void;
}

/** A message on its way through a sink. Reads through to the message: one small allocation each. */
export class ConsumedRecord implements Record<SinkValue> {
  readonly message: ReceivedMessage;
  readonly schema: Schema;
  readonly #owner: RecordOwner;
  /** Whether it was acked or failed: what is said later does not count. */
  settled = false;
  /** Monotonic instant at which the sink had taken it; only where an acknowledgement time-out runs. */
  writtenAt = 0;

  constructor(message: ReceivedMessage, schema: Schema, owner: RecordOwner) {
    this.message = message;
    this.schema = schema;
    this.#owner = owner;
  }

  get key(): string | undefined {
    return this.message.key;
  }

  get keyIsBase64(): boolean {
    return this.message.keyIsBase64;
  }

  get value(): SinkValue {
    return this.message.value;
  }

  get eventTime(): number | undefined {
    return this.message.eventTime;
  }

  get properties(): Properties {
    return this.message.properties;
  }

  get topicName(): string {
    return this.message.topic;
  }

  /** Messages of one topic are delivered in order. */
  get partitionId(): string {
    return this.message.topic;
  }

  get recordSequence(): undefined {
    return undefined;
  }

  get destinationTopic(): undefined {
    return undefined;
  }

  get partition(): undefined {
    return undefined;
  }

  get encryption(): EncryptionContext | undefined {
    return this.message.encryption;
  }

  ack(): void {
    if (!this.settled) {
      this.settled = true;
      this.#owner.acked(this);
    }
  }

  fail(cause: Error): void {
    if (!this.settled) {
      this.settled = true;
      this.#owner.failed(this, cause);
    }
  }
}
