import type { Logger } from '../../util/logger';
import type { ReceiverLimits } from './permits';
import type { SubscriptionParts } from './subscription-registration';

export interface ConsumerSettings {
  readonly receiver: ReceiverLimits;
  /** Milliseconds until a message negatively acknowledged is delivered again. */
  readonly negativeAckRedeliveryDelayMs: number;
  /** Milliseconds that subscribing for the first time may take, all tries together. */
  readonly operationTimeout: number;
}

export interface ConsumerParts extends SubscriptionParts {
  readonly logger: Logger;
  readonly settings: ConsumerSettings;
  /** Called when `close` has ended. */
  readonly closed: () => void;
}
