import type { KinesisApi, StreamDescription, StreamRef } from '../aws/kinesis-api';
import { listAllShards } from '../aws/list-shards';
import { ConnectorError, isConnectorError } from '../errors';
import { listStart } from '../lease/shard-listing';
import {
  compareSequenceNumbers,
  type ExtendedSequenceNumber,
  format,
} from '../stream/extended-sequence-number';
import type { FixedPosition } from '../stream/iterator-position';
import { parseSequence } from '../stream/sequence-parts';
import type { Shard } from '../stream/shard';
import { isOpen, parentIds, shardGraph } from '../stream/shard-graph';
import type { StartPosition } from '../stream/start-position';
import { shardIdOf } from './explored-shard';
import { PATIENCE_BOUNDS, type PatienceOptions, patiently } from './patience';
import { type PeekPosition, positionInvalid, type ShardPlace } from './peek-position';

export interface PeekStartOptions {
  readonly kinesis: KinesisApi;
  readonly stream: StreamRef;
  /** Its id, or the number at the end of that; all shards when absent. */
  readonly shardId?: string;
  readonly from: PeekPosition;
  readonly patience: PatienceOptions;
}

/** With what a look begins. */
export interface PeekStart {
  readonly places: ReadonlyMap<string, ShardPlace>;
  /** Of shards that come after those. */
  readonly childStart: FixedPosition;
  /** Milliseconds since the epoch: nothing that is looked for has arrived earlier. */
  readonly floor: number;
  /** Shards that take no more records, and have to be read to their end: behind it their children come. */
  readonly closed: ReadonlySet<string>;
  /** Of each shard that is listed. */
  readonly parents: ReadonlyMap<string, readonly string[]>;
}

/**
 * The shards of a look and the place in each.
 * @throws ConnectorError EXPLORE_SHARD_UNKNOWN, EXPLORE_POSITION_INVALID, KINESIS_STREAM_NOT_READY, what does not heal;
 * the signal's reason
 */
export async function findStart(options: PeekStartOptions, signal: AbortSignal): Promise<PeekStart> {
  const { kinesis, stream, from, patience } = options;
  const shardId = options.shardId === undefined ? undefined : shardIdOf(options.shardId);
  const description = await patiently(patience, signal, () => kinesis.describeStream(stream, { signal }));
  if (description.status === 'CREATING' || description.status === 'DELETING') {
    throw new ConnectorError('KINESIS_STREAM_NOT_READY', `stream ${stream.name} has nothing to look at`, {
      expected: 'ACTIVE',
      found: description.status,
    });
  }
  const shards = await patiently(patience, signal, () => listAllShards(kinesis, stream, signal));
  if (shardId !== undefined && from.type !== 'PLACES') {
    requireShard(shards, shardId, stream);
  }
  const listed = {
    closed: new Set(shards.filter((shard) => !isOpen(shard)).map((shard) => shard.shardId)),
    parents: new Map(shards.map((shard) => [shard.shardId, parentIds(shard)])),
  };
  if (from.type === 'PLACES') {
    return { ...FROM_OLDEST, ...listed, places: placesOf(from.places, shardId) };
  }
  if (from.type === 'AT_RECORD') {
    return {
      ...FROM_OLDEST,
      ...listed,
      places: await recordPlace(options, shards, shardId, from.place, signal),
    };
  }
  const start: Instant =
    from.type === 'LATEST'
      ? { type: 'AT_TIMESTAMP', timestamp: description.serviceTime ?? patience.clock.now() }
      : from;
  const ids = shardId === undefined ? await shardsAt(options, shards, start, description, signal) : [shardId];
  return {
    places: new Map(ids.map((id) => [id, { start }])),
    // Of a service whose listing leaves out the instant all shards are looked at: they must not show what is older.
    childStart: start,
    floor: start.type === 'TRIM_HORIZON' ? Number.NEGATIVE_INFINITY : start.timestamp,
    ...listed,
  };
}

type Instant = Extract<StartPosition, { type: 'TRIM_HORIZON' | 'AT_TIMESTAMP' }>;

const FROM_OLDEST = { childStart: { type: 'TRIM_HORIZON' }, floor: Number.NEGATIVE_INFINITY } as const;

/** Ids of those open at the instant, or of the oldest. */
async function shardsAt(
  { kinesis, stream, patience }: PeekStartOptions,
  shards: readonly Shard[],
  start: Instant,
  description: StreamDescription,
  signal: AbortSignal,
): Promise<string[]> {
  if (start.type === 'TRIM_HORIZON') {
    return shardGraph(shards).roots.map(({ shardId }) => shardId);
  }
  const retry = { ...patience, bounds: PATIENCE_BOUNDS };
  const leases = await listStart({ kinesis, stream, retry, isGone: () => false }, start, description, signal);
  return leases.map(({ shard }) => shard.shardId);
}

function placesOf(
  places: ReadonlyMap<string, ShardPlace>,
  shardId: string | undefined,
): ReadonlyMap<string, ShardPlace> {
  const found = shardId === undefined ? places : new Map([...places].filter(([id]) => id === shardId));
  if (found.size === 0) {
    throw positionInvalid(
      'there is no checkpoint to look from',
      `a lease that has not ended${shardId === undefined ? '' : `, of ${shardId}`}`,
      'none',
    );
  }
  return found;
}

/** @throws ConnectorError EXPLORE_SHARD_UNKNOWN */
function requireShard(shards: readonly Shard[], shardId: string, { name }: StreamRef): Shard {
  const shard = shards.find((listed) => listed.shardId === shardId);
  if (shard === undefined) {
    const names = shards.slice(0, 5).map((listed) => listed.shardId);
    throw new ConnectorError('EXPLORE_SHARD_UNKNOWN', `stream ${name} has no such shard`, {
      expected: `one of its ${shards.length}: ${names.join(', ')}${shards.length > names.length ? ', …' : ''}`,
      found: shardId,
    });
  }
  return shard;
}

/** A record is looked for in its own shard only: Kinesis is asked whether it is of that one. */
async function recordPlace(
  options: PeekStartOptions,
  shards: readonly Shard[],
  shardId: string | undefined,
  place: ExtendedSequenceNumber,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ShardPlace>> {
  const { kinesis, stream, patience } = options;
  const { sequenceNumber } = place;
  if (shardId === undefined) {
    const number = parseSequence(sequenceNumber)?.shardNumber;
    const guess = number === undefined ? '' : `; this one looks like one of ${shardIdOf(String(number))}`;
    throw positionInvalid(
      'a sequence number is one of a shard, not of a stream',
      `its shard beside it${guess}`,
      'no shard',
    );
  }
  const shard = requireShard(shards, shardId, stream);
  // Some services have no true sequence number for the end of a shard.
  const { startingSequenceNumber: first } = shard;
  const start = { type: 'AT_SEQUENCE_NUMBER', sequenceNumber } as const;
  const foreign = (cause?: unknown): ConnectorError =>
    positionInvalid(
      `${shardId} has no such record`,
      `the sequence number of one of its records, from ${first} on`,
      format(place),
      cause,
    );
  if (compareSequenceNumbers(sequenceNumber, first) < 0) {
    throw foreign();
  }
  await patiently(patience, signal, async () => {
    try {
      await kinesis.getShardIterator(stream, shardId, start, { signal });
    } catch (error) {
      throw isConnectorError(error, 'KINESIS_POSITION_REFUSED') ? foreign(error) : error;
    }
  });
  return new Map([[shardId, { start, from: place }]]);
}
