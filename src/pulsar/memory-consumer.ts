import { ConnectorError, isConnectorError } from '../errors';
import { BYTES_SCHEMA, type Schema } from '../io';
import type { Clock, TimerHandle } from '../util/clock';
import { type Deferred, deferred } from '../util/deferred';
import type { ConnectedSubscription, MemoryBroker } from './memory-broker';
import { MemoryMessage, type StoredMessage } from './memory-message';
import { MemoryReceiverQueue } from './memory-receiver-queue';
import { MemoryRefusals } from './memory-refusals';
import type { Subscriber } from './memory-subscription';
import type { ReceiverLimits } from './protocol';
import type { TopicConsumer } from './topics-consumer';
import type { ConsumerOptions, ReceivedMessage } from './transport';

export interface MemoryConsumerParts extends ConsumerOptions {
  readonly limits: ReceiverLimits;
  /** `poll` may give something, or throw. */
  readonly ready: () => void;
  readonly broker: MemoryBroker;
  readonly clock: Clock;
  readonly closed: () => void;
}

/** CLOSING: takes nothing any more, and waits until its acknowledgements have been heard. */
type State = 'OPEN' | 'PAUSED' | 'CLOSING' | 'CLOSED' | 'FAILED' | 'CRASHED';

/** Milliseconds between two tries to connect. */
const RECONNECT_MS = 100;

/** The client's side of a subscription: messages travel, wait, are handed out and settled. */
export class MemoryConsumer implements TopicConsumer, Subscriber {
  readonly topic: string;
  readonly name: string;
  readonly #parts: MemoryConsumerParts;
  readonly #queue: MemoryReceiverQueue;
  /** Handed out, and not known to be settled at the broker. */
  readonly #handedOut = new Map<number, MemoryMessage>();
  /** Negatively acknowledged, and not to be delivered again yet. */
  readonly #refused: MemoryRefusals;
  #state: State = 'OPEN';
  /** What has ended it. */
  #failure: ConnectorError | undefined;
  readonly #ended = deferred<never>();
  #source: ConnectedSubscription;
  #connected = true;
  #reconnect: TimerHandle | undefined;
  /** Acknowledgements that the broker has not heard. */
  #unheard = 0;
  #receiver: { readonly max: number; readonly answer: Deferred<ReceivedMessage[]> } | undefined;
  #closing: Promise<boolean> | undefined;
  /** Looks whether the broker has heard all that a close has to tell. */
  #lookAgain: (() => void) | undefined;

  /** @throws ConnectorError; ProtocolError invalid-topic */
  constructor(parts: MemoryConsumerParts) {
    this.#parts = parts;
    // Nobody may be waiting for it.
    this.#ended.promise.catch(() => undefined);
    this.name = parts.consumerName ?? parts.broker.chosenName();
    this.#queue = new MemoryReceiverQueue(parts.clock, parts.limits, {
      repeated: (message) => this.#repeated(message),
      filled: () => {
        this.#handOut();
        parts.ready();
      },
    });
    this.#refused = new MemoryRefusals(parts.clock, parts, (message) => this.#redeliver(message));
    this.#source = parts.broker.subscribe(parts, this);
    this.topic = this.#source.topic.name;
    this.#source.subscription.dispatch();
  }

  get ready(): boolean {
    return this.#state === 'OPEN' && !this.#queue.full;
  }

  async receive(max: number): Promise<ReceivedMessage[]> {
    if (this.#state === 'CLOSING' || this.#state === 'CLOSED' || this.#state === 'FAILED') {
      return this.#ended.promise;
    }
    const answer = deferred<ReceivedMessage[]>();
    this.#receiver = { max, answer };
    this.#handOut();
    return answer.promise;
  }

  poll(max: number): ReceivedMessage[] {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    return this.#state === 'OPEN' && !this.#queue.empty ? this.#take(max) : [];
  }

  schemaOf({ schemaVersion }: ReceivedMessage): Schema {
    return (schemaVersion && this.#source.topic.schema(schemaVersion)) ?? BYTES_SCHEMA;
  }

  acknowledge(received: ReceivedMessage): void {
    const message = this.#unsettled(received);
    if (message !== undefined) {
      message.verdict = 'ACKNOWLEDGED';
      this.#unheard++;
      this.#tell(message);
    }
  }

  negativeAcknowledge(received: ReceivedMessage): void {
    const message = this.#unsettled(received);
    if (message !== undefined) {
      message.verdict = 'REFUSED';
      this.#refused.add(message);
    }
  }

  /** @throws ConnectorError what has ended the consumer before. */
  whenCaughtUp(): Promise<void> {
    return Promise.race([this.#source.subscription.whenCaughtUp(), this.#ended.promise]);
  }

  pause(): void {
    if (this.#state === 'OPEN') {
      this.#state = 'PAUSED';
      this.#handOut();
    }
  }

  close(deadlineMs: number, options: { readonly unsubscribe?: boolean } = {}): Promise<boolean> {
    this.#closing ??= this.#close(deadlineMs, options.unsubscribe ?? false);
    return this.#closing;
  }

  /** Ends like its process: nobody hears of it but the broker, which finds the connection gone. */
  crash(): void {
    this.#state = 'CRASHED';
    this.#leave(false);
  }

  deliver(stored: StoredMessage, redeliveryCount: number): void {
    const message = new MemoryMessage(stored, redeliveryCount, this.#handedOut.get(stored.number));
    this.#queue.push(message, this.#parts.broker.behaviour.deliveryLatencyMs);
  }

  /** What has not been handed out is the broker's again. */
  disconnected(): void {
    this.#connected = false;
    this.#queue.clear();
    this.#reconnect = this.#parts.clock.setTimer(this.#connect, RECONNECT_MS);
  }

  deleted(): void {
    this.#connected = false;
    this.#queue.clear();
    this.#refused.clear();
    this.#end('FAILED', new ConnectorError('PULSAR_TOPIC_NOT_FOUND', `topic ${this.topic} was deleted`));
  }

  readonly #connect = (): void => {
    const { broker, clock } = this.#parts;
    try {
      this.#source = broker.subscribe(this.#parts, this);
    } catch (error) {
      if (isConnectorError(error) && !error.retryable && this.#state !== 'CLOSING') {
        this.#end('FAILED', error);
      } else {
        this.#reconnect = clock.setTimer(this.#connect, RECONNECT_MS);
      }
      return;
    }
    this.#connected = true;
    for (const message of this.#handedOut.values()) {
      if (message.verdict === 'ACKNOWLEDGED') {
        this.#tell(message);
      }
    }
    this.#lookAgain?.();
    this.#source.subscription.dispatch();
  };

  /** The broker does not know, or not yet, what became of `message`. */
  #repeated(message: MemoryMessage): void {
    if (message.verdict === 'ACKNOWLEDGED') {
      this.#tell(message);
    }
    this.#source.subscription.dispatch();
  }

  #handOut(): void {
    if (this.#receiver !== undefined && this.#state === 'PAUSED') {
      this.#receiver.answer.resolve([]);
      this.#receiver = undefined;
    } else if (this.#receiver !== undefined && !this.#queue.empty && this.#state === 'OPEN') {
      const { max, answer } = this.#receiver;
      this.#receiver = undefined;
      answer.resolve(this.#take(max));
    }
  }

  #take(max: number): MemoryMessage[] {
    const messages = this.#queue.take(max);
    for (const message of messages) {
      this.#handedOut.set(message.number, message);
    }
    this.#source.subscription.dispatch();
    return messages;
  }

  /** Undefined for what is settled, or was handed out by another consumer. */
  #unsettled(received: ReceivedMessage): MemoryMessage | undefined {
    const message = this.#handedOut.get((received as MemoryMessage).number);
    return message === received && message.verdict === 'NONE' ? message : undefined;
  }

  #tell(message: MemoryMessage): void {
    const { behaviour } = this.#parts.broker;
    if (!this.#connected || !this.#handedOut.has(message.number)) {
      return;
    }
    if (behaviour.loseAcknowledgements > 0) {
      behaviour.loseAcknowledgements--;
      return;
    }
    this.#handedOut.delete(message.number);
    this.#refused.settled(message.number);
    this.#unheard--;
    this.#source.subscription.acknowledge(message.number);
    this.#lookAgain?.();
  }

  #redeliver({ number }: MemoryMessage): void {
    this.#handedOut.delete(number);
    this.#source.subscription.redeliver(this, number);
  }

  async #close(deadlineMs: number, unsubscribe: boolean): Promise<boolean> {
    if (this.#state === 'CRASHED') {
      return false;
    }
    const told = (): boolean => this.#unheard === 0 && (this.#connected || !unsubscribe);
    if (this.#state !== 'FAILED') {
      this.#end('CLOSING', new ConnectorError('PULSAR_CLOSED', 'the consumer was closed'));
      if (!told()) {
        const { clock } = this.#parts;
        const heard = deferred<void>();
        this.#lookAgain = () => told() && heard.resolve();
        const timer = clock.setTimer(() => heard.resolve(), deadlineMs);
        await heard.promise;
        clock.clearTimer(timer);
      }
      this.#state = 'CLOSED';
    }
    const answered = told();
    this.#leave(unsubscribe);
    return answered;
  }

  #end(state: 'CLOSING' | 'FAILED', error: ConnectorError): void {
    this.#state = state;
    this.#failure = error;
    this.#ended.reject(error);
    this.#receiver?.answer.reject(error);
    this.#parts.ready();
  }

  /** Takes the connection down; what is not settled goes back. */
  #leave(unsubscribe: boolean): void {
    if (this.#reconnect !== undefined) {
      this.#parts.clock.clearTimer(this.#reconnect);
    }
    this.#queue.clear();
    this.#refused.clear();
    if (this.#connected) {
      this.#connected = false;
      const { subscription, topic } = this.#source;
      subscription.detach([this]);
      if (unsubscribe) {
        topic.unsubscribe(this.#parts.subscription);
      }
    }
    this.#parts.closed();
  }
}
