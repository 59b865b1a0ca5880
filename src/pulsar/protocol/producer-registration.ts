import type { Clock } from '../../util/clock';
import { type Deferred, deferred } from '../../util/deferred';
import type { Random } from '../../util/random';
import type { SchemaData } from './command';
import type { Connection } from './connection';
import type { ProducerEndpoint } from './endpoint';
import { asProtocolError, ProtocolError } from './protocol-error';
import { tryUntilAccepted } from './registration-tries';
import type { TopicLookup } from './topic-lookup';

export interface RegistrationParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly lookup: TopicLookup;
  readonly producerId: number;
  readonly topic: string;
  /** The broker chooses a name when absent. */
  readonly producerName?: string;
  /** Of all its messages; bytes when absent. */
  readonly schema?: SchemaData;
  /** Ends every try. */
  readonly signal: AbortSignal;
}

export interface Registered {
  readonly connection: Connection;
  readonly producerName: string;
  /** Highest id the broker has seen under that name; −1 without deduplication. */
  readonly lastSequenceId: number;
  /** What the topic calls the schema; undefined without one. */
  readonly schemaVersion: Uint8Array | undefined;
}

/** The place of one producer at the broker that owns its topic: taken, taken again elsewhere, given up. */
export class ProducerRegistration {
  readonly #parts: RegistrationParts;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  #connection: Connection | undefined;
  #name: string | undefined;
  #epoch = 0;
  /** Rejected when the place is lost that is being taken. */
  #taking: Deferred<never> | undefined;
  #released: Promise<void> | undefined;

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
    this.#name = parts.producerName;
    this.#signal = AbortSignal.any([parts.signal, this.#abort.signal]);
  }

  /** Undefined while the producer stands at no broker. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /**
   * Tries until the broker has accepted the producer.
   * @param limit monotonic instant behind which no other try begins; none when undefined.
   * @throws ProtocolError one that is not transient, or the last one; `closed` after `release`.
   */
  register(endpoint: ProducerEndpoint, limit?: number): Promise<Registered> {
    const { clock, random } = this.#parts;
    return tryUntilAccepted({ clock, random, signal: this.#signal }, () => this.#attempt(endpoint), limit);
  }

  /** The place was lost: the next registration is a new epoch, so that the broker can tell it from the old one. */
  lost(): void {
    this.#connection = undefined;
    this.#epoch++;
    this.#taking?.reject(new ProtocolError('unavailable', 'the producer was closed while it was created'));
  }

  /** Gives the place up, to take it again. Resolves like `release`. */
  async leave(): Promise<void> {
    const connection = this.#connection;
    await this.#close(connection);
    if (this.#connection === connection) {
      this.lost();
    }
  }

  /**
   * Gives the place up for good. Resolves when the broker has said so or the connection is gone (destroyed at
   * `deadlineMs` from now, if given): from then on nothing that was sent can be stored any more.
   */
  async release(deadlineMs?: number): Promise<void> {
    this.#abort.abort(new ProtocolError('closed', 'the producer was closed'));
    const connection = this.#connection;
    this.#released ??= this.#close(connection);
    if (deadlineMs === undefined) {
      return this.#released;
    }
    const { clock } = this.#parts;
    const timer = clock.setTimer(() => connection?.destroy(overdue()), deadlineMs);
    await this.#released;
    clock.clearTimer(timer);
  }

  async #attempt(endpoint: ProducerEndpoint): Promise<Registered> {
    const { lookup, topic, producerId, producerName, schema } = this.#parts;
    const signal = this.#signal;
    const connection = await lookup.findUnpartitioned(topic);
    signal.throwIfAborted();
    this.#connection = connection;
    connection.producers.set(producerId, endpoint);
    try {
      const asked = connection.request('producer', {
        topic,
        producerId,
        epoch: this.#epoch,
        userProvidedProducerName: producerName !== undefined,
        ...(this.#name === undefined ? {} : { producerName: this.#name }),
        ...(schema === undefined ? {} : { schema }),
      });
      // A topic that has migrated is answered with TOPIC_MIGRATED and CLOSE_PRODUCER, and with nothing else (4.0.8).
      this.#taking = deferred();
      const answer = await Promise.race([asked, this.#taking.promise]);
      signal.throwIfAborted();
      this.#name = answer.producerName;
      const { lastSequenceId, schemaVersion } = answer;
      if (lastSequenceId < -1 || lastSequenceId > Number.MAX_SAFE_INTEGER) {
        // Others may have sent any id under this name; behind it there is none that could be counted here.
        throw new ProtocolError('sequence-clash', `the broker names ${lastSequenceId} as the last id`);
      }
      return {
        connection,
        producerName: answer.producerName,
        lastSequenceId,
        schemaVersion: schema === undefined ? undefined : schemaVersion,
      };
    } catch (error) {
      connection.producers.delete(producerId);
      if (!signal.aborted) {
        // When only the answer never came, a producer of that id may stand there.
        connection.request('closeProducer', { producerId }).catch(() => undefined);
      }
      throw error;
    }
  }

  async #close(connection: Connection | undefined): Promise<void> {
    const { producerId } = this.#parts;
    try {
      await connection?.request('closeProducer', { producerId });
    } catch (error) {
      // Without an answer the broker may still store what it was sent, unless the connection is gone.
      if (asProtocolError(error, 'unknown').kind === 'unavailable') {
        connection?.destroy(overdue());
      }
    }
    connection?.producers.delete(producerId);
  }
}

function overdue(): ProtocolError {
  return new ProtocolError('unavailable', 'the broker did not answer the end of a producer');
}
