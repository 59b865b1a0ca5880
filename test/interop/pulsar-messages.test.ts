import { javaForeigner } from '../support/foreign-client';
import { MAX_MESSAGE_BYTES, messageCases } from '../support/message-cases';
import { differences } from '../support/message-difference';
import { type Direction, MessageExchange } from '../support/message-exchange';
import { type PulsarBroker, startPulsarBroker } from '../support/pulsar-broker';

const CASES = messageCases();

let broker: PulsarBroker;
let exchange: MessageExchange;

beforeAll(async () => {
  const [started, client] = await Promise.all([
    startPulsarBroker({ conf: { maxMessageSize: String(MAX_MESSAGE_BYTES) } }),
    javaForeigner(),
  ]);
  broker = started;
  exchange = await MessageExchange.run(broker, client, CASES);
}, 300_000);

afterAll(() => broker?.dispose());

function found(name: string, direction: Direction): string[] {
  const one = CASES.find((other) => other.name === name);
  const exchanged = exchange.result(name, direction);
  return one === undefined || exchanged === undefined ? ['it did not run'] : differences(one, exchanged);
}

test.each(CASES)('$name: what we write, the Java client reads, byte for byte', ({ name }) => {
  expect(found(name, 'ours')).toEqual([]);
});

test.each(CASES)('$name: what the Java client writes, we read, byte for byte', ({ name }) => {
  expect(found(name, 'theirs')).toEqual([]);
});
