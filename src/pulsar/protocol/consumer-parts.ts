import type { Logger } from '../../util/logger';
import type { AcknowledgementGrouping } from './acknowledger';
import type { ChunkLimits } from './chunk-assembler';
import type { ReceiverLimits } from './permits';
import type { RedeliveryBackoff } from './redelivery-backoff';
import type { SubscriptionParts } from './subscription-registration';

export interface ConsumerSettings {
  readonly receiver: ReceiverLimits;
  readonly redelivery: RedeliveryBackoff;
  readonly grouping: AcknowledgementGrouping;
  readonly chunks: ChunkLimits;
  /** Milliseconds that subscribing for the first time may take, all tries together. */
  readonly operationTimeout: number;
}

export interface ConsumerParts extends SubscriptionParts {
  readonly logger: Logger;
  readonly settings: ConsumerSettings;
  /** `poll` may give something, or throw. */
  readonly ready?: () => void;
  /** Parts of a message have been given up: that message is never handed out. */
  readonly skipped?: () => void;
  /** Called when `close` has ended. */
  readonly closed: () => void;
}
