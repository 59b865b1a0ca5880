import type { StoredMessage } from './memory-message';

/** A connected consumer, as the broker sees it. */
export interface Subscriber {
  readonly name: string;
  /** Whether it has a permit left. */
  readonly ready: boolean;
  /** Takes a message without acting on it before it returns. */
  deliver(message: StoredMessage, redeliveryCount: number): void;
  /** Its connection has ended. */
  disconnected(): void;
  /** Its topic is there no more. */
  deleted(): void;
}

/** The part of a topic that its subscriptions read. */
export interface MessageLog {
  /** The number that the next message gets. */
  readonly end: number;
  /** A message that some subscription still needs. */
  at(number: number): StoredMessage;
}
