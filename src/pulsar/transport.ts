import type { ConsumerSettings } from '../config/types';
import type { ConnectorError } from '../errors';
import type { EncryptionContext, Properties, RecordSequencing, Schema, SubscriptionType } from '../io';

/** What a producer needs of a message; `Record<Uint8Array>` of src/io fits as it is, without copying. */
export interface OutgoingMessage {
  readonly key: string | undefined;
  readonly value: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly eventTime: number | undefined;
  readonly properties: Properties;
  /** Whether `key` is the base64 of the key's bytes. */
  readonly keyIsBase64?: boolean | undefined;
  /** What Key_Shared readers go by instead of the key. */
  readonly orderingKey?: string | undefined;
  /** Its sequence id, above that of the message before; only with `ProducerOptions.sequencing`. */
  readonly recordSequence?: number | undefined;
}

/**
 * Who is told what became of the messages of one producer. One listener a producer, so that a message costs
 * no closure. Never called from inside `send`.
 */
export interface ProducerListener<M extends OutgoingMessage> {
  /**
   * The broker has stored `message`. In send order, unless the broker answers otherwise.
   * @param duplicate it had stored it before; only with `sequencing`.
   */
  confirmed(message: M, duplicate?: boolean): void;
  /** This one message can never be stored (too large, …); the producer goes on with the others. */
  rejected(message: M, error: ConnectorError): void;
  /**
   * The producer has ended for `error`: nothing more is confirmed. What was sent and not confirmed may or may
   * not be stored. Once `close()` has resolved, nothing more of it will be.
   */
  failed(error: ConnectorError): void;
  /** `writable` has become true again. */
  drained(): void;
  /**
   * Only with `sequencing`: the broker does not remember what was confirmed under this name, so that copies of what
   * is sent again cannot be told. @param lastId the highest id it remembers; −1: none.
   */
  forgotten?(lastId: number): void;
  /**
   * Only with `sequencing`: the topic has `found` partitions now, more than are used. The producer goes on with those
   * it has; another one is to be made once nothing is in flight (`RecordSequencing.repartition`). Called once.
   */
  grown?(found: number): void;
}

export interface ProducerOptions<M extends OutgoingMessage> {
  /** Full or short topic name; a short one is in public/default. */
  readonly topic: string;
  /** Unique producer name; the broker chooses one when absent. */
  readonly producerName?: string;
  /**
   * Asked again before bytes leave for the broker (batches linger, connections come back late): when false
   * nothing more is sent and the producer fails.
   */
  readonly mayStillSend?: () => boolean;
  /** Of all its messages; bytes when absent. */
  readonly schema?: Schema;
  /**
   * Whether messages above the broker's limit are sent all the same, in chunks, where the transport can; what its
   * settings say when absent.
   */
  readonly chunked?: boolean;
  /**
   * EFFECTIVELY_ONCE: each message brings its sequence id, and the topic drops those it has. `producerName` is that of
   * the sequencing then. @throws from createProducer: PULSAR_DEDUPLICATION_OFF; the producer fails with it, or with
   * SEQUENCE_ID_CLASH, when that shows later.
   */
  readonly sequencing?: RecordSequencing;
  readonly listener: ProducerListener<M>;
}

export interface Producer<M extends OutgoingMessage> {
  readonly topic: string;
  /** Partitions of the topic that it sends to; 0: the topic is not partitioned. */
  readonly partitions: number;
  /** False when the transport's bound is reached: wait for `drained`. `send` still accepts one more. */
  readonly writable: boolean;
  /** Queues `message` behind all earlier ones. Never throws, never calls back before it returns. */
  send(message: M): void;
  /** Sends what lingers in a batch now. */
  flush(): void;
  /**
   * Ends the producer: nothing queued is sent any more, what is unanswered stays unconfirmed. Resolves when
   * the broker has answered, or its connection was destroyed at `deadlineMs` from now: from then on nothing
   * more can be stored. Never rejects. Wait for confirmations before calling it, if they matter.
   */
  close(deadlineMs: number): Promise<void>;
}

/** A message as a consumer hands it out. */
export interface ReceivedMessage {
  /** Names the message within its consumer and across consumers, for logs: `ledger:entry[:batchIndex]`. */
  readonly id: string;
  /** Full name. */
  readonly topic: string;
  /** As it stands in the message: base64 when `keyIsBase64`. */
  readonly key: string | undefined;
  readonly keyIsBase64: boolean;
  /** Undefined for a null value, which is not an empty one. Encrypted when `encryption` is there. */
  readonly value: Uint8Array | undefined;
  /** Milliseconds since the epoch. */
  readonly eventTime: number | undefined;
  /** Milliseconds since the epoch, by the producer's clock. */
  readonly publishTime: number;
  readonly properties: Properties;
  /** How often the broker delivered it before; counted on Shared and Key_Shared, otherwise 0. */
  readonly redeliveryCount: number;
  /** Of the schema it was produced with; undefined without one. */
  readonly schemaVersion: Uint8Array | undefined;
  readonly encryption: EncryptionContext | undefined;
}

export interface ConsumerOptions {
  /** Full or short topic name; a partitioned topic is read as all its partitions. */
  readonly topic: string;
  /** Whether `topic` is a pattern of topics, see `TopicsPattern`. */
  readonly isPattern?: boolean;
  /** Topics, by their full names, that no pattern means. */
  readonly excluded?: (topic: string) => boolean;
  readonly subscription: string;
  readonly subscriptionType: SubscriptionType;
  /** Where a subscription that does not exist yet begins. */
  readonly initialPosition: 'earliest' | 'latest';
  /** Most messages waiting for `receive`, at least 1; large messages lower it (see `receiverQueueBytes`). */
  readonly receiverQueueSize: number;
  /** Bytes of waiting messages that permits aim at; one answer of the broker may overshoot it. */
  readonly receiverQueueBytes: number;
  /** Milliseconds until a message negatively acknowledged for the first time is delivered again. */
  readonly negativeAckRedeliveryDelayMs: number;
  readonly consumerName?: string;
  /** As a sink has them that says nothing when absent. */
  readonly settings?: ConsumerSettings;
  /** A message was given up that was sent in chunks, some of which never came. */
  readonly skipped?: () => void;
}

/**
 * A subscription's consumer. It reconnects by itself for as long as it takes. A message that was handed out and
 * is not settled yet is not handed out again, even when the broker delivers it again after a reconnect; nor is
 * one whose acknowledgement the broker may have missed: that acknowledgement is sent again instead.
 */
export interface Consumer {
  /** Full name, or the pattern; the messages tell their own topic or partition. */
  readonly topic: string;
  /**
   * The next messages, in order in each topic or partition, at least one and at most `max`; none once `pause` has run dry. One call at a time.
   * @throws ConnectorError PULSAR_CLOSED after `close`, or what ended the consumer.
   */
  receive(max: number): Promise<ReceivedMessage[]>;
  /** The schema of a message; BYTES when it has none. Cached a version, so mostly at once. @throws ConnectorError */
  schemaOf(message: ReceivedMessage): Schema | Promise<Schema>;
  /** Settles a message: it never comes again. An entry is acknowledged when all its messages are. */
  acknowledge(message: ReceivedMessage): void;
  /** Settles a message: it comes again after `negativeAckRedeliveryDelayMs`, here or at another consumer. */
  negativeAcknowledge(message: ReceivedMessage): void;
  /**
   * Resolves once everything that is in the topic at this call is acknowledged. Never on its own when another
   * consumer of the subscription holds a part of it.
   */
  whenCaughtUp(): Promise<void>;
  /**
   * Takes nothing more from the topic. `receive` still hands out the rest of an entry of which a part was handed
   * out, because an entry is acknowledged whole or comes again whole; behind that it answers with no messages. What
   * was handed out may be settled until `close`.
   */
  pause(): void;
  /**
   * Ends the consumer within `deadlineMs`: what is acknowledged is told to the broker and answered, what is not
   * settled comes again. With `unsubscribe` the subscription is deleted too. Never rejects; false when the
   * broker did not answer in time.
   */
  close(deadlineMs: number, options?: { readonly unsubscribe?: boolean }): Promise<boolean>;
}

/** A way to send into Pulsar. */
export interface ProducerTransport {
  /** Largest message it takes, bytes of value; undefined when not known before the first producer. */
  readonly maxMessageBytes: number | undefined;
  /** Whether a producer made with `chunked` takes messages of any size. */
  readonly chunks: boolean;
  /** Whether it takes `sequencing`. */
  readonly sequences: boolean;
  /** @throws ConnectorError after its own bounded tries; `treatment` says whether trying again makes sense. */
  createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>>;
  /** Closes everything, by force at `deadlineMs` from now. Never rejects. */
  close(deadlineMs: number): Promise<void>;
}

/** A way into Pulsar and out of it: binary protocol, in-memory, stdout, … */
export interface Transport extends ProducerTransport {
  /** @throws ConnectorError like `createProducer`; NOT_AVAILABLE_YET where a transport cannot consume. */
  subscribe(options: ConsumerOptions): Promise<Consumer>;
}
