import { type Command, Option } from 'commander';
import { instantFrom } from '../config/instant';
import { writeOffsetsFile } from '../offsets/offsets-file';
import { planChanges } from '../offsets/offsets-plan';
import type { ResetPosition } from '../offsets/stream-offsets';
import { extendedSequenceNumber } from '../stream/extended-sequence-number';
import { systemClock } from '../util/clock';
import type { CliIo } from './cli-io';
import { EXIT } from './failure';
import { saveOffsets } from './offsets-backup';
import { type ImportFlags, importFrom } from './offsets-import';
import { rowOfLease, tableOfLeases } from './offsets-output';
import {
  type ChangeFlags,
  change,
  type OffsetsFlags,
  type OffsetsSession,
  usage,
  withOffsets,
} from './offsets-session';

const CHANGING = `
Nothing is changed while a worker holds a lease concerned: a row with an owner is watched for failoverTime + 1 s first.
With --fence it is taken from its owner, whose next write is then refused; a worker that is still running goes on from
the new position. What the table said before is written to a backup file first.`;

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis offsets get -c connectors.yaml
  $ pulsar-io-kinesis offsets reset --to TRIM_HORIZON -c connectors.yaml --dry-run
  $ pulsar-io-kinesis offsets reset --to 2024-05-01T00:00:00Z -c connectors.yaml --yes
  $ pulsar-io-kinesis offsets reset --to -90m --shard shardId-000000000003 -c connectors.yaml
  $ pulsar-io-kinesis offsets set --shard shardId-000000000003 --sequence 4959... -c connectors.yaml
  $ pulsar-io-kinesis offsets export -c connectors.yaml --out offsets.json
  $ pulsar-io-kinesis offsets import offsets.json -c connectors.yaml --overwrite
  $ pulsar-io-kinesis offsets import --from kcl --table old-application -c connectors.yaml`;

interface ShardFlags extends ChangeFlags {
  readonly stream?: string;
  readonly shard?: string | readonly string[];
  readonly sequence?: string;
  readonly subSequence?: string;
  readonly to?: string;
}

/** Adds `offsets get`, `set`, `reset`, `export` and `import`. */
export function registerOffsetsCommands(program: Command, io: CliIo): void {
  const offsets = program
    .command('offsets')
    .description('how far a source has read: show it, move it, keep it in a file, take it over')
    .addHelpText('after', EXAMPLES);
  const reading = (name: string, description: string): Command =>
    offsets
      .command(name)
      .description(description)
      .requiredOption('-c, --config <file>', 'configuration, YAML or JSON')
      .option('--connector <name>', 'the source, where the file has several')
      .option('--json', 'print JSON')
      .addHelpText('after', EXAMPLES);
  const changing = (name: string, description: string): Command =>
    reading(name, description)
      .option('--dry-run', 'only say what would be changed')
      .option('--yes', 'do not ask')
      .option('--fence', 'also while a worker holds the lease')
      .option('--backup <file>', 'where what the table says is kept; offsets-TABLE-TIME.json when not given')
      .addHelpText('after', CHANGING);

  reading('get', 'print the position of every shard').action((flags: OffsetsFlags) =>
    withOffsets(flags, io, (session) => get(session, flags, io)),
  );
  reading('export', 'print the position of every shard as a file that import takes')
    .option('--out <file>', 'where to; standard output when not given')
    .action((flags: OffsetsFlags & { out?: string }) =>
      withOffsets(flags, io, (session) => exportTo(session, flags.out, io)),
    );
  changing('set', 'say up to which record a shard is read')
    .requiredOption('--shard <id>', 'the shard')
    .requiredOption('--sequence <number>', 'the last record that counts as read')
    .option('--sub-sequence <number>', 'the last of its user records, when it is an aggregated one', '0')
    .option('--stream <name>', 'its stream, where the source reads several')
    .action((flags: ShardFlags) => withOffsets(flags, io, (session) => set(session, flags, io)));
  changing('reset', 'set shards back, or forward')
    .requiredOption(
      '--to <position>',
      'TRIM_HORIZON, LATEST (now), an instant (ISO-8601 or milliseconds), or how long ago: -90m, -2d',
    )
    .option('--shard <id...>', 'only these shards')
    .option('--stream <name>', 'only this stream, where the source reads several')
    .action((flags: ShardFlags) => withOffsets(flags, io, (session) => reset(session, flags, io)));
  changing('import', 'take positions over from a file, or from the lease table of another application')
    .argument('[file]', 'a file that export, or a backup, has written')
    .addOption(
      new Option('--from <kind>', 'file, or kcl: another lease table')
        .choices(['file', 'kcl'])
        .default('file'),
    )
    .option('--table <name>', 'that table; it is only read')
    .option('--region <region>', 'its region, when it is another one')
    .option('--endpoint <url>', 'its DynamoDB, when it is another one')
    .option('--stream <name>', 'whose rows those are that name no stream, where the source reads several')
    .option('--overwrite', 'also when the table says something of these streams already')
    .action((file: string | undefined, flags: ImportFlags) =>
      withOffsets(flags, io, (session) => importFrom(session, file, flags, io)),
    );
}

async function get(
  { offsets, tableName, signal }: OffsetsSession,
  { json = false }: OffsetsFlags,
  io: CliIo,
): Promise<void> {
  const rows = offsets.own(await offsets.table.scan(signal)).sort(byKey);
  io.stdout(
    json
      ? `${JSON.stringify({ table: tableName, shards: rows.map(rowOfLease) }, null, 2)}\n`
      : tableOfLeases(rows),
  );
  io.setExitCode(EXIT.done);
}

async function exportTo(
  { offsets, tableName, signal }: OffsetsSession,
  out: string | undefined,
  io: CliIo,
): Promise<void> {
  const rows = offsets.own(await offsets.table.scan(signal)).sort(byKey);
  const file = { table: tableName, rows, absent: [] };
  if (out === undefined) {
    io.stdout(writeOffsetsFile(file, systemClock.now()));
  } else {
    await saveOffsets(out, file, systemClock.now());
    io.stderr(`${rows.length} shards are in ${out}.\n`);
  }
  io.setExitCode(EXIT.done);
}

async function set(session: OffsetsSession, flags: ShardFlags, io: CliIo): Promise<void> {
  const stream = session.offsets.stream(flags.stream);
  const shardId = String(flags.shard);
  const sequence = flags.sequence ?? '';
  // Kinesis takes no other.
  if (!/^[1-9]\d{0,128}$/.test(sequence)) {
    throw usage('--sequence', 'decimal digits, the first not 0', sequence);
  }
  const checkpoint = extendedSequenceNumber(sequence, Number(flags.subSequence));
  let proven = false;
  await change(session, flags, io, async (rows) => {
    const row = rows.find((one) => stream.owns(one) && one.shardId === shardId);
    const wanted = stream.setShard(row, shardId, checkpoint);
    if (!proven && (await stream.prove(shardId, checkpoint, session.signal)) === 'PASSED') {
      io.stderr(`Note: ${shardId} has no record ${sequence} (any more); reading goes on at the next one.\n`);
    }
    proven = true;
    tellDescendants(stream.descendants(shardId, rows), io);
    return planChanges(rows, [wanted], () => false);
  });
}

async function reset(session: OffsetsSession, flags: ShardFlags, io: CliIo): Promise<void> {
  const { offsets, signal } = session;
  const to = positionOf(flags.to ?? '', systemClock.now());
  const { shard: shardIds } = flags;
  if (!Array.isArray(shardIds)) {
    const streams = offsets.streams(flags.stream);
    await change(session, flags, io, (rows) => offsets.planReset(rows, streams, to, signal));
    return;
  }
  const stream = offsets.stream(flags.stream);
  await change(session, flags, io, async (rows) => {
    const wanted = shardIds.map((shardId: string) => {
      tellDescendants(
        stream.descendants(shardId, rows).filter((id) => !shardIds.includes(id)),
        io,
      );
      const row = rows.find((one) => stream.owns(one) && one.shardId === shardId);
      return stream.resetShard(row, shardId, to);
    });
    return planChanges(rows, wanted, () => false);
  });
}

/** @param now milliseconds since the epoch */
function positionOf(text: string, now: number): ResetPosition {
  const word = text.toUpperCase();
  if (word === 'TRIM_HORIZON' || word === 'LATEST') {
    return { type: word };
  }
  const timestamp = instantFrom(text.replace(/^AT_TIMESTAMP=/i, ''), now);
  if (timestamp === undefined) {
    throw usage('--to', 'TRIM_HORIZON, LATEST, an instant such as 2024-05-01T00:00:00Z, or -90m', text);
  }
  return { type: 'AT_TIMESTAMP', timestamp };
}

function tellDescendants(shardIds: readonly string[], io: CliIo): void {
  if (shardIds.length > 0) {
    io.stderr(
      `Note: ${shardIds.length} shards that came after it go on where they are (${shardIds.slice(0, 3).join(', ')}${shardIds.length > 3 ? ', …' : ''}); what is read again arrives beside them.\n`,
    );
  }
}

const byKey = (a: { readonly key: string }, b: { readonly key: string }): number => (a.key < b.key ? -1 : 1);
