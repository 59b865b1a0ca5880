import { ConnectorError } from '../../src/errors';
import { BYTES_SCHEMA, type Schema } from '../../src/io';
import type { Consumer, ConsumerOptions, ReceivedMessage } from '../../src/pulsar/transport';
import { type Deferred, deferred } from '../../src/util/deferred';
import { ScriptedTransport } from './scripted-transport';

/** A message as a plain producer would have sent it, but for `parts`. */
export function received(id: string, parts: Partial<ReceivedMessage> = {}): ReceivedMessage {
  return {
    id,
    topic: 'persistent://public/default/in',
    key: undefined,
    keyIsBase64: false,
    value: Buffer.from(id),
    eventTime: undefined,
    publishTime: 0,
    properties: {},
    redeliveryCount: 0,
    schemaVersion: undefined,
    encryption: undefined,
    ...parts,
  };
}

/** One consumer that hands out what the test gives, and remembers what it was told. */
export class ScriptedConsumer implements Consumer {
  readonly topic: string;
  readonly options: ConsumerOptions;
  /** Ids in the order they were acknowledged, and negatively acknowledged. */
  readonly acknowledged: string[] = [];
  readonly refused: string[] = [];
  /** What happened, in order: `ack 1`, `nack 1`, `pause`, `close`. */
  readonly events: string[];
  readonly caughtUp: Deferred<void> = deferred();
  paused = false;
  closing: { readonly deadlineMs: number; readonly unsubscribe: boolean } | undefined;
  /** What `close` answers. */
  answers = true;
  schema: (message: ReceivedMessage) => Schema | Promise<Schema> = () => BYTES_SCHEMA;
  readonly #given: ReceivedMessage[] = [];
  readonly #rest: ReceivedMessage[] = [];
  #receiver: { readonly max: number; readonly messages: Deferred<ReceivedMessage[]> } | undefined;
  #error: Error | undefined;

  constructor(options: ConsumerOptions, events: string[]) {
    this.options = options;
    this.topic = `persistent://public/default/${options.topic}`;
    this.events = events;
  }

  /** Hands out messages of these ids, or as they are. */
  give(...messages: (string | ReceivedMessage)[]): void {
    for (const message of messages) {
      this.#given.push(typeof message === 'string' ? received(message, { topic: this.topic }) : message);
    }
    this.#hand();
  }

  /** Belongs to an entry of which a part was given: comes even after `pause`. */
  giveRest(...ids: string[]): void {
    this.#rest.push(...ids.map((id) => received(id, { topic: this.topic })));
    this.#hand();
  }

  /** Ends like a consumer that cannot go on. */
  end(error: Error): void {
    this.#error = error;
    this.#hand();
  }

  receive(max: number): Promise<ReceivedMessage[]> {
    if (this.#receiver !== undefined) {
      throw new Error('one call of receive at a time');
    }
    const messages = deferred<ReceivedMessage[]>();
    this.#receiver = { max, messages };
    this.#hand();
    return messages.promise;
  }

  schemaOf(message: ReceivedMessage): Schema | Promise<Schema> {
    return this.schema(message);
  }

  acknowledge({ id }: ReceivedMessage): void {
    this.acknowledged.push(id);
    this.events.push(`ack ${id}`);
  }

  negativeAcknowledge({ id }: ReceivedMessage): void {
    this.refused.push(id);
    this.events.push(`nack ${id}`);
  }

  whenCaughtUp(): Promise<void> {
    return this.caughtUp.promise;
  }

  pause(): void {
    this.paused = true;
    this.events.push('pause');
    this.#hand();
  }

  async close(deadlineMs: number, options: { readonly unsubscribe?: boolean } = {}): Promise<boolean> {
    this.closing = { deadlineMs, unsubscribe: options.unsubscribe ?? false };
    this.events.push('close');
    this.end(new ConnectorError('PULSAR_CLOSED', 'the consumer was closed'));
    return this.answers;
  }

  #hand(): void {
    const receiver = this.#receiver;
    if (receiver === undefined) {
      return;
    }
    if (this.#error !== undefined) {
      this.#receiver = undefined;
      receiver.messages.reject(this.#error);
    } else if (this.#given.length > 0 && !this.paused) {
      this.#receiver = undefined;
      receiver.messages.resolve(this.#given.splice(0, receiver.max));
    } else if (this.paused) {
      this.#receiver = undefined;
      receiver.messages.resolve(this.#rest.splice(0, receiver.max));
    }
  }
}

/** A transport whose consumers and producers the test plays. */
export class ScriptedPulsar extends ScriptedTransport {
  readonly consumers: ScriptedConsumer[] = [];
  /** What happened to all consumers, in order. */
  readonly events: string[] = [];
  /** Errors that the next calls of `subscribe` throw. */
  readonly subscribeRefusals: Error[] = [];

  async subscribe(options: ConsumerOptions): Promise<Consumer> {
    const refusal = this.subscribeRefusals.shift();
    if (refusal !== undefined) {
      throw refusal;
    }
    const consumer = new ScriptedConsumer(options, this.events);
    this.consumers.push(consumer);
    return consumer;
  }

  /** The consumer of the `n`th topic that was subscribed to. */
  consumer(n = 0): ScriptedConsumer {
    const found = this.consumers[n];
    if (found === undefined) {
      throw new Error(`there are ${this.consumers.length} consumers`);
    }
    return found;
  }
}
