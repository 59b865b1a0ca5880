import type { CommandName, Commands } from '../../src/pulsar/protocol/command';
import { NOWHERE } from './deduplication';
import type { ModelTopic, StoredPlace } from './model-broker-topic';

/** The connection of a producer. */
export interface ProducerConnection {
  readonly client: string;
  /** Whether the client answers soon. */
  answers(): Promise<boolean>;
  write<N extends CommandName>(name: N, body: Commands[N]): void;
  /** A receipt is due: whether the connection ends instead. */
  losesReceipt(): boolean;
}

/** Of a command that nobody has asked for. Seen on 4.0.8: 2^64 - 1. */
const NO_REQUEST = 2 ** 53 - 1;

/** A producer at a topic. What a client sends to one that its topic has let go of vanishes. */
export class ModelProducer {
  /** Sends that are accepted and not stored. */
  pending = 0;
  #joined = true;
  #quiet: (() => void) | undefined;

  constructor(
    readonly name: string,
    readonly topic: ModelTopic,
    readonly connection: ProducerConnection,
    readonly producerId: number,
    readonly epoch: number,
  ) {}

  get client(): string {
    return this.connection.client;
  }

  send(send: Commands['send'], payload: Buffer): void {
    if (this.#joined) {
      this.topic.publish(this, send, payload);
    }
  }

  /** @param place undefined: it is a duplicate. */
  receipt(sequenceId: number, place: StoredPlace | undefined): void {
    const { producerId, connection } = this;
    if (place === undefined || !connection.losesReceipt()) {
      const messageId = place ?? NOWHERE;
      connection.write('sendReceipt', { producerId, sequenceId, messageId });
    }
  }

  refused(sequenceId: number, error: number, message: string): void {
    this.connection.write('sendError', { producerId: this.producerId, sequenceId, error, message });
  }

  /** One send less is pending. */
  settled(): void {
    this.pending--;
    if (this.pending === 0) {
      this.#quiet?.();
    }
  }

  /** Its client closes it: `done` when nothing is pending any more, which may be never. */
  close(done: () => void): void {
    this.#quiet = () => {
      this.leave();
      done();
    };
    if (this.pending === 0) {
      this.#quiet();
    }
  }

  leave(): void {
    this.#joined = false;
    this.topic.leave(this);
  }

  /** Its topic lets go of it. */
  disconnect(): void {
    this.leave();
    this.connection.write('closeProducer', { producerId: this.producerId, requestId: NO_REQUEST });
  }
}
