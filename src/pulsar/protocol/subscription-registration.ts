import type { Connection } from './connection';
import type { ConsumerEndpoint } from './endpoint';
import { asProtocolError, ProtocolError } from './protocol-error';
import { type TriesParts, tryUntilAccepted } from './registration-tries';
import type { TopicLookup } from './topic-lookup';

/** Source: Pulsar `SubscriptionType`. */
export type SubscriptionType = 'Exclusive' | 'Shared' | 'Failover' | 'Key_Shared';

/** Source: enum CommandSubscribe.SubType of PulsarApi.proto. */
const SUB_TYPES: { readonly [T in SubscriptionType]: number } = {
  Exclusive: 0,
  Shared: 1,
  Failover: 2,
  Key_Shared: 3,
};

/** How a broker says that the subscription's consumers are of another type; it has no number of its own. */
const MISMATCH = /subscription is of different type|different key_shared/i;

export interface SubscriptionParts extends TriesParts {
  readonly lookup: TopicLookup;
  readonly consumerId: number;
  /** Full name. */
  readonly topic: string;
  readonly subscription: string;
  readonly subscriptionType: SubscriptionType;
  /** Where a subscription that does not exist yet begins. */
  readonly initialPosition: 'earliest' | 'latest';
  readonly consumerName: string;
}

/** The place of one consumer at the broker that owns its topic: taken, taken again elsewhere, given up. */
export class SubscriptionRegistration {
  readonly #parts: SubscriptionParts;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  #connection: Connection | undefined;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
    this.#signal = AbortSignal.any([parts.signal, this.#abort.signal]);
  }

  /** Undefined while the consumer stands at no broker. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Aborted with `release`. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /**
   * Tries until the broker has accepted the consumer.
   * @param limit monotonic instant behind which no other try begins; none when undefined.
   * @param failures how often a place was no good since one was: the first try waits accordingly.
   * @throws ProtocolError one that is not transient, or the last one; `closed` after `release`.
   */
  register(endpoint: ConsumerEndpoint, limit?: number, failures = 0): Promise<Connection> {
    const parts = { ...this.#parts, signal: this.#signal };
    return tryUntilAccepted(parts, () => this.#attempt(endpoint), limit, failures);
  }

  /** The place was lost. */
  lost(): void {
    this.#connection = undefined;
  }

  /** Gives the place up, to take another one; the broker need not be waited for. */
  leave(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) {
      this.#close(connection);
    }
  }

  /** Gives the place up for good. Resolves when the broker has said so, or the connection is gone. Never rejects. */
  async release(): Promise<void> {
    this.#abort.abort(new ProtocolError('closed', 'the consumer was closed'));
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) {
      await this.#close(connection);
    }
  }

  async #attempt(endpoint: ConsumerEndpoint): Promise<Connection> {
    const { lookup, topic, subscription, subscriptionType, consumerId, ...parts } = this.#parts;
    const connection = await lookup.findUnpartitioned(topic);
    this.#signal.throwIfAborted();
    this.#connection = connection;
    connection.consumers.set(consumerId, endpoint);
    try {
      await connection.request('subscribe', {
        topic,
        subscription,
        consumerId,
        subType: SUB_TYPES[subscriptionType],
        consumerName: parts.consumerName,
        durable: true,
        initialPosition: parts.initialPosition === 'earliest' ? 1 : 0,
        ...(subscriptionType === 'Key_Shared' ? { keySharedMeta: { keySharedMode: 0 } } : {}),
      });
      this.#signal.throwIfAborted();
      if (this.#connection !== connection) {
        throw new ProtocolError('unavailable', 'the consumer was closed while it subscribed');
      }
      return connection;
    } catch (thrown) {
      // When only the answer never came, a consumer of that id may stand there.
      this.#connection = undefined;
      this.#close(connection);
      const error = asProtocolError(thrown, 'unknown');
      throw error.kind === 'consumer-busy' && MISMATCH.test(error.message)
        ? new ProtocolError('subscription-mismatch', error.message, error)
        : error;
    }
  }

  async #close(connection: Connection): Promise<void> {
    const { consumerId } = this.#parts;
    connection.consumers.delete(consumerId);
    await connection.request('closeConsumer', { consumerId }).catch(() => undefined);
  }
}
