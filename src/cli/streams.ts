import { type Command, InvalidArgumentError, Option } from 'commander';
import { DECODINGS } from '../explore/decode-text';
import type { StreamListing } from '../explore/stream-explorer';
import { matchesPattern } from '../stream/name-pattern';
import { systemClock } from '../util/clock';
import type { CliIo } from './cli-io';
import { withExplorer, withStream } from './explorer-session';
import { EXIT } from './failure';
import { type PlaceFlags, withPlaceFlags } from './kinesis-place';
import { leasesOf } from './stream-leases';
import { describedStream, tableOfStreams, withInstants } from './streams-output';
import { type PeekFlags, peek } from './streams-peek';
import { shardRows, shardsForScripts, tableOfShards } from './streams-shards';
import { safeJson } from './terminal-text';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis streams list --region eu-central-1 --match 'orders*'
  $ pulsar-io-kinesis streams describe orders --region eu-central-1 --profile dev
  $ pulsar-io-kinesis streams shards orders --endpoint http://127.0.0.1:4567
  $ pulsar-io-kinesis streams shards -c connectors.yaml --connector orders
  $ pulsar-io-kinesis streams peek orders -c connectors.yaml --from -15m

They only read: nothing is changed, no lease taken, no checkpoint moved. NAME may be an ARN; with -c it may be left
out when the connector has one stream. Without --region it is that of the environment or profile.`;

/** A timer of Node takes no more: what is longer would end at once. */
const LONGEST_S = 2_000_000;

const PEEKING = `
Examples:
  $ pulsar-io-kinesis streams peek orders --from latest --follow --region eu-central-1
  $ pulsar-io-kinesis streams peek orders --shard 3 --from 2024-05-01T12:00:00Z --limit 100 --json
  $ pulsar-io-kinesis streams peek -c connectors.yaml --from checkpoint --decode json
  $ pulsar-io-kinesis streams peek orders --raw --decode base64 | head -1 | base64 -d > record.bin

Records of all shards are shown by arrival, those of a shard in its order; the records in an aggregated one (KPL) one by
one. A shard is read once a second and with at most 1 MiB/s, half of what its readers share in bytes and a fifth in
calls, so that a running connector is not held up. It ends with the limit, when all there is was shown, after --timeout,
or with Ctrl-C; what was read by then is shown.

With --json each line is {"shardId","sequenceNumber","subSequenceNumber","aggregated","partitionKey",
"approximateArrival","size","encoding","decoded","data"}; with --decode json it has the payload itself as "value" instead
of "data" where that is JSON. "decoded" is false where a payload is not what --decode asks for: then it is in base64.`;

interface ListFlags extends PlaceFlags {
  readonly match?: string;
  readonly json?: boolean;
}

interface ShardsFlags extends PlaceFlags {
  readonly wide?: boolean;
  readonly json?: boolean;
}

/** Adds `streams list`, `describe`, `shards` and `peek`. */
export function registerStreamsCommands(program: Command, io: CliIo): void {
  const streams = program
    .command('streams')
    .description('look at Kinesis streams, their shards and records')
    .addHelpText('after', EXAMPLES);
  const command = (name: string, description: string): Command =>
    withPlaceFlags(streams.command(name).description(description));
  const aboutOne = (name: string, description: string): Command =>
    command(name, description).argument('[name]', 'name or ARN of the stream');

  command('list', 'print the streams of the region and account')
    .option('--match <pattern>', 'only names like this: * for any text, ? for one character')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((flags: ListFlags) => list(flags, io));
  aboutOne('describe', 'print what there is to know of a stream')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((name: string | undefined, flags: ShardsFlags) => describe(name, flags, io));
  aboutOne('shards', 'print the shards of a stream; with -c also who reads them, and how far')
    .option('--wide', 'their hash keys and sequence numbers too')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((name: string | undefined, flags: ShardsFlags) => shards(name, flags, io));
  aboutOne('peek', 'print records of a stream')
    .option('--shard <id>', 'only this shard; its number will do')
    .option(
      '--from <position>',
      'oldest (TRIM_HORIZON), latest, an instant, how long ago (-15m), a sequence number, or, with -c, checkpoint',
      'oldest',
    )
    .option('--limit <n>', 'records; 20, or without end with --follow', atLeast(1))
    .option('--follow', 'go on with records that come')
    .addOption(new Option('--decode <as>', 'payloads as').choices([...DECODINGS]).default('auto'))
    .option('--raw', 'print payloads alone, one a line')
    .option('--json', 'print a line of JSON a record')
    .option('--wide', 'sequence numbers too; nothing is cut')
    .option('--timeout <seconds>', 'time after which it ends; 30, or never with --follow', seconds)
    .option('--max-bytes <n>', 'bytes of payload after which it ends', atLeast(1), 64 * 1024 * 1024)
    .option('--reads-per-second <n>', 'reads of each shard in a second, up to 5', readRate, 1)
    .addHelpText('after', PEEKING)
    .action((name: string | undefined, flags: PeekFlags) => peek(name, flags, io));
}

async function list(flags: ListFlags, io: CliIo): Promise<void> {
  const { match = '*', json = false } = flags;
  await withExplorer(flags, io, async ({ explorer, signal }) => {
    const found: StreamListing[] = [];
    for await (const stream of explorer.streams(signal)) {
      if (matchesPattern(match, stream.name)) {
        found.push(stream);
      }
    }
    io.stdout(json ? jsonOf({ streams: found.map(withInstants) }) : tableOfStreams(found));
    io.setExitCode(EXIT.done);
  });
}

async function describe(name: string | undefined, flags: ShardsFlags, io: CliIo): Promise<void> {
  await withStream(flags, name, io, async ({ explorer, stream, signal }) => {
    const { serviceTime: _, openShardCount: __, ...found } = await explorer.describe(stream, signal);
    const consumers = found.consumers?.map(withInstants);
    io.stdout(
      flags.json ? jsonOf({ ...withInstants(found), consumers }) : describedStream(found, systemClock.now()),
    );
    io.setExitCode(EXIT.done);
  });
}

async function shards(name: string | undefined, flags: ShardsFlags, io: CliIo): Promise<void> {
  await withStream(flags, name, io, async ({ explorer, place, stream, logger, signal }) => {
    const { source } = place;
    const found = await explorer.shards(stream, signal);
    const leases =
      source === undefined
        ? undefined
        : await leasesOf(source, await explorer.summary(stream, signal), logger, signal);
    const rows = shardRows(found, leases);
    const now = systemClock.now();
    io.stdout(
      flags.json ? jsonOf({ shards: shardsForScripts(rows, now) }) : tableOfShards(rows, now, flags.wide),
    );
    io.setExitCode(EXIT.done);
  });
}

/** Names of workers are written by others; JSON itself leaves half of what commands a terminal as it is. */
const jsonOf = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).split('\n').map(safeJson).join('\n')}\n`;

function atLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It must be a whole number from ${least}.`);
    }
    return value;
  };
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || value > LONGEST_S) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${LONGEST_S}.`);
  }
  return value;
}

function readRate(text: string): number {
  const value = Number(text);
  if (!(value >= 0.01 && value <= 5)) {
    throw new InvalidArgumentError('It must be from 0.01 to 5.');
  }
  return value;
}
