import { ConnectorError, messageOf } from '../errors';
import { extendedSequenceNumber } from '../stream/extended-sequence-number';
import type { DecimalHashRange } from '../stream/hash-coverage';
import type { OffsetsRow } from './offsets-row';

/** Names the format, and its version. */
export const OFFSETS_FORMAT = 'pulsar-io-kinesis-offsets/1';

/** Offsets as a file holds them. */
export interface OffsetsFile {
  readonly table: string;
  readonly rows: readonly OffsetsRow[];
  /** Shards that had no row of their own until the change that a backup was written for; none otherwise. */
  readonly absent: readonly ShardOfRow[];
}

export type ShardOfRow = Pick<OffsetsRow, 'stream' | 'shardId'>;

/** The text of a file. @param at milliseconds since the epoch */
export function writeOffsetsFile({ table, rows, absent }: OffsetsFile, at: number): string {
  const shards = rows.map(shardOf);
  const without = absent.map(({ stream, shardId }) => ({ stream, shardId }));
  const file = {
    format: OFFSETS_FORMAT,
    table,
    exportedAt: instant(at),
    shards,
    ...(without.length > 0 && { absent: without }),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** A row as it stands in a file, and in `--json`. */
export function shardOf(row: OffsetsRow): { readonly [name: string]: unknown } {
  return {
    stream: row.stream,
    streamArn: row.streamArn,
    shardId: row.shardId,
    checkpoint: row.checkpoint.sequenceNumber,
    subSequenceNumber: row.checkpoint.subSequenceNumber,
    startAt: instant(row.startAt),
    readFrom: instant(row.readFrom),
    caughtUpAt: instant(row.caughtUpAt),
    parentShardIds: row.parentShardIds,
    childShardIds: row.childShardIds,
    hashRange: row.hashRange,
    anchor: row.anchor || undefined,
  };
}

/** @throws ConnectorError OFFSETS_FILE_INVALID with every problem at once */
export function readOffsetsFile(text: string, name: string): OffsetsFile {
  const problems: string[] = [];
  const file = parse(text, name);
  if (!isObject(file) || file.format !== OFFSETS_FORMAT || !Array.isArray(file.shards)) {
    throw invalid(name, [
      `expected {"format":"${OFFSETS_FORMAT}","shards":[…]}, found ${describe(isObject(file) ? file.format : file)}`,
    ]);
  }
  const rows = file.shards.map((shard: unknown, index) => rowOf(shard, `shards[${index}]`, problems));
  const keys = new Set<string>();
  rows.forEach(({ stream, shardId }, index) => {
    const key = `${stream} ${shardId}`;
    if (shardId !== '' && keys.has(key)) {
      problems.push(`shards[${index}]: ${shardId} stands there twice`);
    }
    keys.add(key);
  });
  const absent = absentOf(file.absent, problems);
  if (problems.length > 0) {
    throw invalid(name, problems);
  }
  return { table: typeof file.table === 'string' ? file.table : '', rows, absent };
}

function absentOf(given: unknown = [], problems: string[]): ShardOfRow[] {
  const shards: readonly unknown[] = Array.isArray(given) ? given : [given];
  return shards.flatMap((shard, index) => {
    if (
      isObject(shard) &&
      typeof shard.shardId === 'string' &&
      (shard.stream === undefined || typeof shard.stream === 'string')
    ) {
      return { stream: shard.stream, shardId: shard.shardId };
    }
    problems.push(`absent[${index}]: expected {"shardId"}, found ${describe(shard)}`);
    return [];
  });
}

function rowOf(shard: unknown, path: string, problems: string[]): OffsetsRow {
  const members = isObject(shard) ? shard : {};
  const wrong = (member: string, expected: string): undefined => {
    problems.push(`${path}.${member}: expected ${expected}, found ${describe(members[member])}`);
    return undefined;
  };
  const text = (member: string): string | undefined => {
    const value = members[member];
    return value === undefined || typeof value === 'string' ? value : wrong(member, 'a text');
  };
  const time = (member: string): number | undefined => {
    const value = members[member];
    if (value === undefined) {
      return undefined;
    }
    const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    return Number.isNaN(at) ? wrong(member, 'an ISO-8601 instant') : at;
  };
  const ids = (member: string): readonly string[] => {
    const value = members[member] ?? [];
    return Array.isArray(value) && value.every((id) => typeof id === 'string')
      ? value
      : (wrong(member, 'a list of shard ids') ?? []);
  };
  const { hashRange, anchor } = members;
  return {
    stream: text('stream'),
    streamArn: text('streamArn'),
    shardId: (members.shardId === '' ? undefined : text('shardId')) ?? wrong('shardId', 'a shard id') ?? '',
    checkpoint: checkpointOf(members, path, problems),
    startAt: time('startAt'),
    readFrom: time('readFrom'),
    caughtUpAt: time('caughtUpAt'),
    parentShardIds: ids('parentShardIds'),
    childShardIds: ids('childShardIds'),
    hashRange:
      hashRange === undefined || isHashRange(hashRange)
        ? hashRange
        : wrong('hashRange', '{"startingHashKey","endingHashKey"} of decimal digits'),
    anchor: anchor === true,
  };
}

function checkpointOf(
  members: { readonly [name: string]: unknown },
  path: string,
  problems: string[],
): OffsetsRow['checkpoint'] {
  const { checkpoint, subSequenceNumber = 0 } = members;
  try {
    return extendedSequenceNumber(String(checkpoint), Number(subSequenceNumber));
  } catch (error) {
    const { expected, found } = error as ConnectorError;
    problems.push(`${path}.checkpoint: expected ${expected}, found ${found}`);
    return { sequenceNumber: '', subSequenceNumber: 0 };
  }
}

function isHashRange(value: unknown): value is DecimalHashRange {
  const isKey = (key: unknown): boolean => typeof key === 'string' && /^\d{1,39}$/.test(key);
  return isObject(value) && isKey(value.startingHashKey) && isKey(value.endingHashKey);
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(name, [`no JSON: ${messageOf(cause)}`]);
  }
}

function invalid(name: string, problems: readonly string[]): ConnectorError {
  return new ConnectorError('OFFSETS_FILE_INVALID', `${name} holds no offsets: ${problems.join('; ')}`);
}

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const describe = (value: unknown): string => JSON.stringify(value) ?? 'nothing';

function instant(ms: number): string;
function instant(ms: number | undefined): string | undefined;
function instant(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
