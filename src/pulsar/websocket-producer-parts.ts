import type { ProducerSettings } from '../config/types';
import type { Clock } from '../util/clock';
import type { PendingBudget } from './protocol';
import type { OutgoingMessage, ProducerOptions } from './transport';
import type { WebSocketDialer } from './websocket-dialer';

/** Largest frame that the service takes, bytes: what was configured, until it shows that it takes less. */
export interface FrameLimit {
  bytes: number;
}

export interface WebSocketProducerParts<M extends OutgoingMessage> extends ProducerOptions<M> {
  /** Full name. */
  readonly topic: string;
  readonly producerName: string;
  readonly settings: ProducerSettings;
  readonly dialer: WebSocketDialer;
  readonly clock: Clock;
  readonly budget: PendingBudget;
  readonly frameLimit: FrameLimit;
  readonly closed: () => void;
}
