import type { StreamDescription } from '../aws/kinesis-api';
import type { InitialPosition } from '../config/types';
import { ConnectorError } from '../errors';
import type { Shard } from '../stream/shard';
import { frozenLatest, type StartPosition } from '../stream/start-position';

/** A Date header has whole seconds: it may lie this far behind the service's clock. */
const DATE_RESOLUTION_MS = 1000;

/**
 * Where the source starts. The instant that stands in the table wins over the configuration: whoever joins later
 * reads from the same place as the first.
 * @param frozen smallest startAt of the table
 * @param serviceTime of an answer before the first ListShards
 * @throws ConnectorError START_POSITION_IN_FUTURE
 */
export function startOfTable(
  configured: InitialPosition,
  frozen: number | undefined,
  { createdAt }: Pick<StreamDescription, 'createdAt'>,
  serviceTime: number,
): StartPosition {
  switch (configured.type) {
    case 'LATEST':
      return frozen === undefined
        ? frozenLatest(serviceTime, createdAt)
        : { type: 'LATEST', startAt: frozen };
    case 'TRIM_HORIZON':
      return frozen === undefined ? configured : { type: 'AT_TIMESTAMP', timestamp: frozen };
    case 'AT_TIMESTAMP':
      requirePast(configured.timestamp, serviceTime);
      return { type: 'AT_TIMESTAMP', timestamp: frozen ?? configured.timestamp };
  }
}

/** Milliseconds since the epoch; undefined for the trim horizon. */
export function instantOf(start: StartPosition): number | undefined {
  switch (start.type) {
    case 'LATEST':
      return start.startAt;
    case 'TRIM_HORIZON':
      return undefined;
    case 'AT_TIMESTAMP':
      return start.timestamp;
  }
}

/** `shardId` and what it descends from, as a listing in which it is the one shard still open. */
export function ancestry(shardId: string, shards: ReadonlyMap<string, Shard>): Shard[] {
  const found = new Map<string, Shard>();
  const visit = (id: string | undefined): void => {
    const shard = id === undefined ? undefined : shards.get(id);
    if (shard !== undefined && !found.has(shard.shardId)) {
      found.set(shard.shardId, shard);
      visit(shard.parentShardId);
      visit(shard.adjacentParentShardId);
    }
  };
  visit(shardId);
  return Array.from(found.values(), (shard) => {
    const { endingSequenceNumber, ...open } = shard;
    return shard.shardId === shardId ? open : shard;
  });
}

function requirePast(timestamp: number, serviceTime: number): void {
  if (timestamp >= serviceTime + DATE_RESOLUTION_MS) {
    throw new ConnectorError('START_POSITION_IN_FUTURE', 'startAtTime lies in the future', {
      expected: `at most ${new Date(serviceTime).toISOString()} (time of the service)`,
      found: new Date(timestamp).toISOString(),
    });
  }
}
