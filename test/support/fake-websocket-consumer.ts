import type { WebSocket } from 'ws';
import type { SubscriptionType } from '../../src/io';
import type { ConnectedSubscription, MemoryBroker } from '../../src/pulsar/memory-broker';
import type { StoredMessage } from '../../src/pulsar/memory-message';
import type { Subscriber } from '../../src/pulsar/memory-subscription';
import { readMessageId } from '../../src/pulsar/websocket-message-id';
import { systemClock } from '../../src/util/clock';
import { messageIdOf } from './websocket-message-ids';

export interface FakeWebSocketConsumerOptions {
  readonly topic: string;
  readonly subscription: string;
  readonly subscriptionType: SubscriptionType;
  readonly initialPosition: 'earliest' | 'latest';
  /** Messages that wait in the service until they are asked for. */
  readonly receiverQueueSize: number;
  readonly redeliveryDelayMs: number;
  readonly pullMode: boolean;
  readonly name: string;
}

interface Command {
  readonly type?: 'permit' | 'acknowledge' | 'negativeAcknowledge' | 'unsubscribe';
  readonly permitMessages?: number;
  readonly messageId?: string;
}

/** A consumer of the fake service: one socket, behind which a client of the broker fetches ahead. */
export class FakeWebSocketConsumer implements Subscriber {
  readonly name: string;
  readonly #broker: MemoryBroker;
  readonly #options: FakeWebSocketConsumerOptions;
  readonly #source: ConnectedSubscription;
  readonly #fetched: { readonly message: StoredMessage; readonly redeliveryCount: number }[] = [];
  #socket: WebSocket | undefined;
  #permits: number;

  /** @throws ConnectorError that the broker refuses it with. */
  constructor(broker: MemoryBroker, options: FakeWebSocketConsumerOptions) {
    this.name = options.name;
    this.#broker = broker;
    this.#options = options;
    this.#permits = options.pullMode ? 0 : Number.POSITIVE_INFINITY;
    this.#source = broker.subscribe(
      { ...options, receiverQueueBytes: 0, negativeAckRedeliveryDelayMs: options.redeliveryDelayMs },
      this,
    );
  }

  attach(socket: WebSocket): void {
    this.#socket = socket;
    socket.on('message', (data) => this.#told(JSON.parse(data.toString()) as Command));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#source.subscription.detach([this]));
    this.#source.subscription.dispatch();
  }

  /** Every message below it is acknowledged in the subscription. */
  get floor(): number {
    return this.#source.subscription.floor;
  }

  get ready(): boolean {
    return this.#fetched.length < this.#options.receiverQueueSize;
  }

  deliver(message: StoredMessage, redeliveryCount: number): void {
    this.#fetched.push({ message, redeliveryCount });
    queueMicrotask(() => this.#push());
  }

  disconnected(): void {
    this.#socket?.terminate();
  }

  deleted(): void {
    this.#socket?.terminate();
  }

  #push(): void {
    let sent = false;
    for (let next = this.#fetched[0]; next !== undefined && this.#permits > 0; next = this.#fetched[0]) {
      this.#fetched.shift();
      this.#permits--;
      sent = true;
      this.#socket?.send(frameOf(next.message, next.redeliveryCount));
    }
    if (sent) {
      this.#source.subscription.dispatch();
    }
  }

  #told({ type = 'acknowledge', permitMessages = 0, messageId }: Command): void {
    const { subscription, topic } = this.#source;
    switch (type) {
      case 'permit':
        this.#permits += permitMessages;
        this.#push();
        break;
      case 'unsubscribe':
        // Only the last consumer can; nobody is told whether it did.
        if (subscription.subscribers.length === 1) {
          subscription.detach([this]);
          topic.unsubscribe(this.#options.subscription);
        }
        break;
      case 'negativeAcknowledge':
        systemClock.setTimer(
          () => subscription.redeliver(this, numberOf(messageId)),
          this.#options.redeliveryDelayMs,
        );
        break;
      case 'acknowledge':
        if (this.#broker.behaviour.loseAcknowledgements > 0) {
          this.#broker.behaviour.loseAcknowledgements--;
        } else {
          subscription.acknowledge(numberOf(messageId));
        }
    }
  }
}

function numberOf(messageId = ''): number {
  return Number(readMessageId(messageId).text.split(':')[1]);
}

function frameOf(message: StoredMessage, redeliveryCount: number): string {
  const { number, key, value, eventTime, publishTime, properties } = message;
  return JSON.stringify({
    messageId: messageIdOf(number),
    payload: Buffer.from(value).toString('base64'),
    properties,
    publishTime: new Date(publishTime).toISOString(),
    redeliveryCount,
    ...(eventTime === undefined ? {} : { eventTime: new Date(eventTime).toISOString() }),
    ...(key === undefined ? {} : { key }),
  });
}
