import type { ConnectorError } from '../errors';
import type { Properties } from '../io';

/** What a producer needs of a message; `Record<Uint8Array>` of src/io fits as it is, without copying. */
export interface OutgoingMessage {
  readonly key: string | undefined;
  readonly value: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly eventTime: number | undefined;
  readonly properties: Properties;
}

/**
 * Who is told what became of the messages of one producer. One listener a producer, so that a message costs
 * no closure. Never called from inside `send`.
 */
export interface ProducerListener<M extends OutgoingMessage> {
  /** The broker has stored `message`. In send order, unless the broker answers otherwise. */
  confirmed(message: M): void;
  /** This one message can never be stored (too large, …); the producer goes on with the others. */
  rejected(message: M, error: ConnectorError): void;
  /**
   * The producer has ended for `error`: nothing more is confirmed. What was sent and not confirmed may or may
   * not be stored. Once `close()` has resolved, nothing more of it will be.
   */
  failed(error: ConnectorError): void;
  /** `writable` has become true again. */
  drained(): void;
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
  readonly listener: ProducerListener<M>;
}

export interface Producer<M extends OutgoingMessage> {
  readonly topic: string;
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

/** A way into Pulsar: binary protocol, in-memory, stdout, … */
export interface Transport {
  /** Largest message it takes, bytes of value; undefined when not known before the first producer. */
  readonly maxMessageBytes: number | undefined;
  /** @throws ConnectorError after its own bounded tries; `treatment` says whether trying again makes sense. */
  createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>>;
  /** Closes everything, by force at `deadlineMs` from now. Never rejects. */
  close(deadlineMs: number): Promise<void>;
}
