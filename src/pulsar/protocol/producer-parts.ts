import type { Clock } from '../../util/clock';
import type { Logger } from '../../util/logger';
import type { CompressionType } from './codec';
import type { OutgoingMessage } from './message';
import type { PendingBudget } from './pending-budget';
import type { RegistrationParts } from './producer-registration';
import type { ProtocolError } from './protocol-error';
import type { BatchLimits } from './send-queue';

/** What became of messages; never called from inside `send`. */
export interface ProducerEvents<M extends OutgoingMessage> {
  /**
   * Stored; called in the order of `send`, or of each key when batches are built by key.
   * @param duplicate it was stored before; only with sequence ids.
   */
  confirmed(message: M, duplicate?: boolean): void;
  /** Can never be stored; the others go on. */
  rejected(message: M, error: ProtocolError): void;
  /** The producer has ended. Called by `close`, it is a sequence-clash: see `Producer.close`. */
  failed(error: ProtocolError): void;
  /** There is room again. */
  drained(): void;
  /** The broker remembers no id above `lastId` of what was confirmed; only with sequence ids. */
  forgotten?(lastId: number): void;
}

/** Whether one topic is known to deduplicate; shared by all its producers. */
export interface DeduplicationProof {
  readonly proven: boolean;
  prove(): void;
}

/** A send that was passed over: the broker may have stored something behind it. */
export interface Refusal {
  readonly id: number;
  readonly error: ProtocolError;
}

/** The first such send under one name at one topic, until a registration tells what was stored. */
export interface RefusalMemory {
  refusal: Refusal | undefined;
}

/** Messages bring their ids (`recordSequence`), of which a topic that deduplicates stores each once. */
export interface SequencedParts {
  /** Of the first message; all below were confirmed before. */
  readonly firstId: number;
  readonly deduplication: DeduplicationProof;
  /** Outlives the producer: the next one of the same name would take what was passed over for stored. */
  readonly refusals: RefusalMemory;
}

export interface ProducerSettings {
  /** Milliseconds a batch waits for more messages. */
  readonly lingerMs: number;
  readonly batch: BatchLimits;
  /** One batch takes any messages, or those of one key only (ordering key, or else key): for Key_Shared readers. */
  readonly batchBuilder?: 'DEFAULT' | 'KEY_BASED';
  readonly compression: CompressionType;
  /** Milliseconds without any receipt while something is unconfirmed, until the producer fails; 0 = never. */
  readonly sendTimeout: number;
  /** Milliseconds that creating a producer may take, all tries together. */
  readonly operationTimeout: number;
}

export interface ProducerParts<M extends OutgoingMessage> extends RegistrationParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly budget: PendingBudget;
  readonly settings: ProducerSettings;
  /** Messages bring their sequence ids; `producerName` is given then. */
  readonly sequenced?: SequencedParts;
  /** Whether a message above the broker's limit goes in chunks, and is not refused. */
  readonly chunked: boolean;
  /** Asked before each frame is handed to the connection; false ends the producer. */
  readonly mayStillSend: () => boolean;
  readonly events: ProducerEvents<M>;
  /** Called when `close` has ended. */
  readonly closed: () => void;
}
