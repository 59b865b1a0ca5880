import { textTable } from '../../src/cli/text-table';
import { messageOf } from '../../src/errors';
import { javaForeigner, pythonForeigner } from '../support/foreign-client';
import { MAX_MESSAGE_BYTES, type MessageCase, messageCases } from '../support/message-cases';
import { differences } from '../support/message-difference';
import { type Direction, MessageExchange } from '../support/message-exchange';
import { startPulsarBroker } from '../support/pulsar-broker';

const CLIENTS = { java: javaForeigner, python: pythonForeigner };

/** Every case in both directions with one client that is not ours, as a table; 1 when something is not as it was sent. */
async function main(name: string | undefined): Promise<number> {
  if (name !== 'java' && name !== 'python') {
    process.stderr.write('it takes java or python\n');
    return 2;
  }
  const client = await CLIENTS[name]();
  const broker = await startPulsarBroker({ conf: { maxMessageSize: String(MAX_MESSAGE_BYTES) } });
  try {
    const cases = messageCases();
    const exchange = await MessageExchange.run(broker, client, cases);
    const found = (one: MessageCase, direction: Direction): string[] | undefined => {
      const exchanged = exchange.result(one.name, direction);
      return exchanged && differences(one, exchanged);
    };
    const verdict = (wrong: string[] | undefined): string =>
      wrong === undefined ? 'not there' : wrong.length === 0 ? 'equal' : wrong.join('; ');
    const rows = cases.map((one) => [one.name, found(one, 'ours'), found(one, 'theirs')] as const);
    process.stdout.write(
      textTable([
        ['', `ours → ${client.name}`, `${client.name} → ours`],
        ...rows.map(([title, ours, theirs]) => [title, verdict(ours), verdict(theirs)]),
      ]),
    );
    return rows.some(([, ours, theirs]) => [ours, theirs].some((wrong) => wrong?.length)) ? 1 : 0;
  } finally {
    await broker.dispose();
  }
}

main(process.argv[2]).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  },
);
