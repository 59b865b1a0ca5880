import type { Clock } from '../../util/clock';
import type { Logger } from '../../util/logger';
import type { OutgoingMessage } from './message';
import type { PendingBudget } from './pending-budget';
import type { RegistrationParts } from './producer-registration';
import type { ProtocolError } from './protocol-error';
import type { BatchLimits } from './send-queue';

/** What became of messages; never called from inside `send`. */
export interface ProducerEvents<M extends OutgoingMessage> {
  /** Stored; called in the order of `send`. */
  confirmed(message: M): void;
  /** Can never be stored; the others go on. */
  rejected(message: M, error: ProtocolError): void;
  /** The producer has ended. */
  failed(error: ProtocolError): void;
  /** There is room again. */
  drained(): void;
}

export interface ProducerSettings {
  /** Milliseconds a batch waits for more messages. */
  readonly lingerMs: number;
  readonly batch: BatchLimits;
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
  /** Whether a message above the broker's limit goes in chunks, and is not refused. */
  readonly chunked: boolean;
  /** Asked before each frame is handed to the connection; false ends the producer. */
  readonly mayStillSend: () => boolean;
  readonly events: ProducerEvents<M>;
  /** Called when `close` has ended. */
  readonly closed: () => void;
}
