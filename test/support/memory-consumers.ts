import type { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import type { Consumer, ConsumerOptions, ReceivedMessage } from '../../src/pulsar/transport';
import type { ManualClock } from './manual-clock';
import { PRODUCER } from './transport-settings';

const OPTIONS: ConsumerOptions = {
  topic: 'orders',
  subscription: 'export',
  subscriptionType: 'Exclusive',
  initialPosition: 'earliest',
  receiverQueueSize: 1000,
  receiverQueueBytes: 64 * 1024 * 1024,
  negativeAckRedeliveryDelayMs: 1000,
};

/** A consumer of `orders` in a process of its own. */
export async function memoryConsumer(
  broker: MemoryBroker,
  clock: ManualClock,
  options: Partial<ConsumerOptions> = {},
): Promise<Consumer & { readonly transport: MemoryTransport }> {
  const transport = new MemoryTransport(broker, PRODUCER, clock);
  return Object.assign(await transport.subscribe({ ...OPTIONS, ...options }), { transport });
}

export const text = ({ value }: ReceivedMessage): string => Buffer.from(value ?? []).toString();

export function publish(broker: MemoryBroker, ...texts: readonly string[]): void {
  for (const value of texts) {
    broker.publish('orders', { value: Buffer.from(value) });
  }
}

/** Calls of `receive` that are not answered yet. */
const pending = new WeakMap<Consumer, Promise<ReceivedMessage[]>>();

/** What `consumer` hands out at this instant, maybe nothing; up to `max` unless an earlier call still waits. */
export async function received(
  consumer: Consumer,
  clock: ManualClock,
  max = 1000,
): Promise<ReceivedMessage[]> {
  const call = pending.get(consumer) ?? consumer.receive(max);
  pending.set(consumer, call);
  let messages: ReceivedMessage[] = [];
  call.then(
    (got) => {
      messages = got;
      pending.delete(consumer);
    },
    () => undefined,
  );
  await clock.advance(0);
  return messages;
}
