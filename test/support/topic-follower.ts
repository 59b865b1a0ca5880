import { once } from 'node:events';
import WebSocket from 'ws';
import { sleep, systemClock } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';
import type { Delivered } from './delivery-check';
import { topicPath } from './pulsar-reader';

export interface FollowedMessage extends Delivered {
  readonly properties: { readonly [name: string]: string };
  /** When the producer published it, milliseconds since the epoch. */
  readonly publishedAt: number;
}

interface Frame {
  readonly messageId: string;
  readonly payload: string;
  readonly key?: string;
  readonly properties?: { readonly [name: string]: string };
  readonly publishTime: string;
}

/** How long a topic may stay silent before a wait on it fails. */
const SILENCE_MS = 60_000;
const END_OF_TOPIC = 'test.end-of-topic';

/**
 * Reads a topic from its beginning, for as long as a test runs and across restarts of the broker, through the
 * broker's own client behind its WebSocket API: nothing of ours is in the way.
 */
export class TopicFollower {
  readonly #base: string;
  readonly #path: string;
  readonly #onMessage: (message: FollowedMessage) => void;
  #socket: WebSocket | undefined;
  #lastId = 'earliest';
  #ends = 0;
  #closed = false;
  #moved = deferred<void>();

  private constructor(wsUrl: string, topic: string, onMessage: (message: FollowedMessage) => void) {
    this.#base = `${wsUrl}/ws/v2`;
    this.#path = topicPath(topic);
    this.#onMessage = onMessage;
  }

  static async open(
    wsUrl: string,
    topic: string,
    onMessage: (message: FollowedMessage) => void,
  ): Promise<TopicFollower> {
    const follower = new TopicFollower(wsUrl, topic, onMessage);
    await once(follower.#connect(), 'open');
    return follower;
  }

  /** Resolves as soon as `reached` holds behind a message. @throws when the topic falls silent before. */
  async until(reached: () => boolean): Promise<void> {
    while (!reached()) {
      const moved = deferred<void>();
      this.#moved = moved;
      const timer = systemClock.setTimer(
        () => moved.reject(new Error(`nothing has arrived for ${SILENCE_MS} ms`)),
        SILENCE_MS,
      );
      await moved.promise.finally(() => systemClock.clearTimer(timer));
    }
  }

  /** Resolves when everything stored up to now has been read: a message put behind it has come back. */
  async readToEnd(): Promise<void> {
    // Counted first: the message may come back before its receipt.
    const wanted = this.#ends + 1;
    const producer = new WebSocket(`${this.#base}/producer/${this.#path}`);
    await once(producer, 'open');
    const answered = once(producer, 'message');
    producer.send(JSON.stringify({ payload: '', properties: { [END_OF_TOPIC]: 'true' } }));
    await answered;
    producer.terminate();
    await this.until(() => this.#ends >= wanted);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.terminate();
  }

  #connect(): WebSocket {
    const socket = new WebSocket(
      `${this.#base}/reader/${this.#path}?messageId=${encodeURIComponent(this.#lastId)}&receiverQueueSize=5000`,
    );
    this.#socket = socket;
    // Attached at creation: messages arrive together with the handshake.
    socket.on('message', (data) => this.#take(JSON.parse(String(data)) as Frame, socket));
    // A refused or broken connection also closes: that is where it goes on.
    socket.on('error', () => undefined);
    socket.on('close', () => void this.#reconnect());
    return socket;
  }

  async #reconnect(): Promise<void> {
    await sleep(systemClock, 250);
    if (!this.#closed) {
      this.#connect();
    }
  }

  #take(frame: Frame, socket: WebSocket): void {
    this.#lastId = frame.messageId;
    socket.send(JSON.stringify({ messageId: frame.messageId }));
    if (frame.properties?.[END_OF_TOPIC] !== undefined) {
      this.#ends++;
    } else {
      this.#onMessage({
        key: frame.key,
        payload: Buffer.from(frame.payload, 'base64'),
        properties: frame.properties ?? {},
        publishedAt: Date.parse(frame.publishTime),
      });
    }
    this.#moved.resolve();
  }
}
