import type { Message, Consumer as Native } from 'pulsar-client';
import { ConnectorError } from '../errors';
import { BYTES_SCHEMA, type Schema } from '../io';
import { abortable } from '../util/abort';
import type { Clock } from '../util/clock';
import { resolvesWithin } from '../util/limited-wait';
import { notThrough, resultError } from './pulsar-client-config';
import type { Consumer, ReceivedMessage } from './transport';
import { readMessageId } from './websocket-message-id';

interface NativeMessage extends ReceivedMessage {
  readonly native: Message;
}

/** A consumer of npm `pulsar-client`. It comes back by itself, and hands out again then what is not acknowledged. */
export class PulsarClientConsumer implements Consumer {
  readonly topic: string;
  readonly #native: Native;
  readonly #clock: Clock;
  readonly #paused = new AbortController();
  readonly #ended = new AbortController();
  /** Acknowledgements without an answer. */
  readonly #telling = new Set<Promise<unknown>>();

  constructor(native: Native, topic: string, clock: Clock) {
    this.#native = native;
    this.topic = topic;
    this.#clock = clock;
  }

  /** One message: for more the package would wait. */
  async receive(): Promise<ReceivedMessage[]> {
    try {
      const either = AbortSignal.any([this.#paused.signal, this.#ended.signal]);
      either.throwIfAborted();
      return [receivedMessage(await abortable(this.#native.receive(), either))];
    } catch (error) {
      this.#ended.signal.throwIfAborted();
      if (this.#paused.signal.aborted) {
        return [];
      }
      throw resultError(error, this.topic);
    }
  }

  schemaOf(): Schema {
    return BYTES_SCHEMA;
  }

  acknowledge(message: ReceivedMessage): void {
    const told = this.#native.acknowledge((message as NativeMessage).native).catch(() => undefined);
    this.#telling.add(told);
    void told.finally(() => this.#telling.delete(told));
  }

  negativeAcknowledge(message: ReceivedMessage): void {
    this.#native.negativeAcknowledge((message as NativeMessage).native);
  }

  async whenCaughtUp(): Promise<void> {
    throw notThrough(this.topic, 'how far a subscription is cannot be asked');
  }

  pause(): void {
    this.#paused.abort();
  }

  async close(deadlineMs: number, options: { readonly unsubscribe?: boolean } = {}): Promise<boolean> {
    this.#ended.abort(new ConnectorError('PULSAR_CLOSED', 'the consumer was closed'));
    const closing = Promise.all(this.#telling)
      .then(() => (options.unsubscribe ? this.#native.unsubscribe() : null))
      .then(() => this.#native.close());
    return resolvesWithin(this.#clock, deadlineMs, closing).catch(() => false);
  }
}

/** Absent and empty keys look alike, and so do null and empty values. */
function receivedMessage(native: Message): NativeMessage {
  return {
    native,
    id: readMessageId(native.getMessageId().serialize().toString('base64')).text,
    topic: native.getTopicName(),
    key: native.getPartitionKey() || undefined,
    keyIsBase64: false,
    value: native.getData(),
    eventTime: native.getEventTimestamp() || undefined,
    publishTime: native.getPublishTimestamp(),
    properties: { ...native.getProperties() },
    redeliveryCount: native.getRedeliveryCount(),
    schemaVersion: undefined,
    encryption: undefined,
  };
}
