import type { Producer as Native, ProducerMessage } from 'pulsar-client';
import { ConnectorError } from '../errors';
import type { Clock } from '../util/clock';
import { resolvesWithin } from '../util/limited-wait';
import type { PendingBudget } from './protocol';
import { resultError } from './pulsar-client-config';
import type { OutgoingMessage, Producer, ProducerOptions } from './transport';
import { readMessageId } from './websocket-message-id';

export interface PulsarClientProducerParts<M extends OutgoingMessage> extends ProducerOptions<M> {
  readonly native: Native;
  readonly clock: Clock;
  readonly budget: PendingBudget;
}

/**
 * A producer of npm `pulsar-client`. Its connection cannot be destroyed: a close that is not answered in time leaves
 * what is under way to the core.
 */
export class PulsarClientProducer<M extends OutgoingMessage> implements Producer<M> {
  readonly partitions = 0;
  readonly #parts: PulsarClientProducerParts<M>;
  readonly #unwatchBudget: () => void;
  /** Once there is one nothing is told any more. */
  #closing: Promise<unknown> | undefined;

  constructor(parts: PulsarClientProducerParts<M>) {
    this.#parts = parts;
    this.#unwatchBudget = parts.budget.watch(() => parts.listener.drained());
  }

  get topic(): string {
    return this.#parts.topic;
  }

  get writable(): boolean {
    return !this.#parts.budget.full;
  }

  send(message: M): void {
    if (this.#closing === undefined) {
      this.#parts.budget.take(message.value.length);
      // Nothing is called back from inside send.
      queueMicrotask(() => void this.#send(message));
    }
  }

  flush(): void {
    this.#parts.native.flush().catch(() => undefined);
  }

  async close(deadlineMs: number): Promise<void> {
    await resolvesWithin(this.#parts.clock, deadlineMs, this.#end());
  }

  async #send(message: M): Promise<void> {
    const { native, listener, budget, sequencing, mayStillSend } = this.#parts;
    let error: ConnectorError | undefined;
    let duplicate = false;
    try {
      if (this.#closing === undefined && mayStillSend?.() === false) {
        throw new ConnectorError('PULSAR_SEND_REVOKED', 'the sender may not send any more');
      }
      if (this.#closing === undefined) {
        const id = await native.send(nativeMessage(message, sequencing !== undefined));
        // The broker had it before: no entry was written.
        duplicate =
          sequencing !== undefined && readMessageId(id.serialize().toString('base64')).text === '-1:-1';
      }
    } catch (cause) {
      error = resultError(cause, this.topic);
    }
    budget.release(1, message.value.length);
    if (this.#closing !== undefined) {
      return;
    }
    if (error === undefined) {
      listener.confirmed(message, duplicate);
    } else if (error.code === 'PULSAR_MESSAGE_TOO_LARGE') {
      listener.rejected(message, error);
    } else {
      void this.#end();
      listener.failed(error);
    }
  }

  /** It drops what waits at once: nothing behind a failed message is stored. */
  #end(): Promise<unknown> {
    this.#unwatchBudget();
    this.#closing ??= this.#parts.native.close().catch(() => undefined);
    return this.#closing;
  }
}

function nativeMessage(message: OutgoingMessage, sequenced: boolean): ProducerMessage {
  const { key, value, eventTime, properties, orderingKey, recordSequence } = message;
  return {
    data: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    properties: { ...properties },
    ...(key === undefined ? {} : { partitionKey: key }),
    ...(eventTime === undefined ? {} : { eventTimestamp: eventTime }),
    ...(orderingKey === undefined ? {} : { orderingKey }),
    ...(sequenced && recordSequence !== undefined ? { sequenceId: recordSequence } : {}),
  };
}
