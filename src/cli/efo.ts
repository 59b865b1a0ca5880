import { type Command, InvalidArgumentError } from 'commander';
import { fanOutCost } from '../explore/fan-out-cost';
import { systemClock } from '../util/clock';
import type { CliIo } from './cli-io';
import { type DeregisterFlags, deregister } from './efo-deregister';
import { costForScripts, costInWords, type PriceFlags, pricesOf, tableOfConsumers } from './efo-output';
import { withStream } from './explorer-session';
import { EXIT } from './failure';
import { type PlaceFlags, withPlaceFlags } from './kinesis-place';
import { withInstants } from './streams-output';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis efo list --stream orders --region eu-central-1
  $ pulsar-io-kinesis efo list -c connectors.yaml --price-per-consumer-shard-hour 0.5 --gb-per-month 200 --price-per-gb 0.1
  $ pulsar-io-kinesis efo deregister old-application --stream orders --region eu-central-1
  $ pulsar-io-kinesis efo deregister old-application -c connectors.yaml --yes

A registered consumer is paid for by the hour and shard, also when nobody reads with it. What that costs depends on the
region: give the prices of yours. With -c --stream may be left out when the source has one stream.`;

const DEREGISTERING = `
With -c it is refused while a worker of that source holds a lease and the source reads with this consumer: a lease with
an owner is watched for failoverTime + 1 s. Without -c nobody can see who reads with it. A reader that loses its consumer
registers it anew when its source may (retrievalMode fan-out or auto), and fails otherwise.`;

interface ListFlags extends PlaceFlags, PriceFlags {
  readonly stream?: string;
  readonly json?: boolean;
}

/** Adds `efo list` and `efo deregister`. */
export function registerEfoCommands(program: Command, io: CliIo): void {
  const efo = program
    .command('efo')
    .description('registered consumers (enhanced fan-out) of a stream, and what they cost')
    .addHelpText('after', EXAMPLES);
  withPlaceFlags(efo.command('list').description('print the consumers of a stream'))
    .option('--stream <name>', 'name or ARN of the stream')
    .option('--price-per-consumer-shard-hour <money>', 'of your region', amount)
    .option('--price-per-gb <money>', 'of your region', amount)
    .option('--gb-per-month <n>', 'read by all consumers together', amount)
    .option('--hours-per-month <n>', 'of the estimate', amount, 730)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((flags: ListFlags) => list(flags, io));
  withPlaceFlags(efo.command('deregister').description('deregister a consumer, and wait until it is gone'))
    .argument('<consumer>', 'name or ARN of the consumer')
    .option('--stream <name>', 'name or ARN of the stream')
    .option('--yes', 'do not ask')
    .option('--force', 'also while a worker of the source may read with it')
    .option('--timeout <seconds>', 'how long to wait until it is gone', amount, 60)
    .addHelpText('after', EXAMPLES + DEREGISTERING)
    .action((consumer: string, flags: DeregisterFlags) => deregister(consumer, flags, io));
}

async function list(flags: ListFlags, io: CliIo): Promise<void> {
  await withStream(flags, flags.stream, io, async ({ explorer, stream, signal }) => {
    const { name, arn, openShardCount } = await explorer.summary(stream, signal);
    const consumers = await explorer.consumers(arn, signal);
    const prices = pricesOf(flags);
    const cost = fanOutCost(consumers.length, openShardCount, prices);
    if (flags.json) {
      const month = costForScripts(cost, prices);
      const shown = {
        stream: name,
        arn,
        openShards: openShardCount,
        consumers: consumers.map(withInstants),
        month,
      };
      io.stdout(`${JSON.stringify(shown, null, 2)}\n`);
    } else if (consumers.length === 0) {
      io.stderr(`Stream ${name} has no registered consumer.\n`);
    } else {
      io.stdout(tableOfConsumers(consumers, systemClock.now()));
      io.stdout(
        `\n${costInWords({ consumers: consumers.length, openShards: openShardCount }, cost, prices)}`,
      );
    }
    io.setExitCode(EXIT.done);
  });
}

function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('It must be a number from 0.');
  }
  return value;
}
