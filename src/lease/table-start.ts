import type { StreamDescription } from '../aws/kinesis-api';
import type { InitialPosition } from '../config/types';
import { ConnectorError } from '../errors';
import type { Shard } from '../stream/shard';
import { parentIds } from '../stream/shard-graph';
import { frozenLatest, type StartPosition } from '../stream/start-position';

/** A Date header has whole seconds: it may lie this far behind the service's clock. */
const DATE_RESOLUTION_MS = 1000;

export const FROM_BEGINNING: StartPosition = { type: 'TRIM_HORIZON' };

/**
 * Where shards without a leased ancestor start. The instant that stands in the table wins over the configuration:
 * whoever joins later reads from the same place as the first. A table in use that names none was begun by a KCL
 * fleet long ago: what it lacks nobody has read, so nothing of it is skipped.
 * @param frozen the startAt of the table
 * @param serviceTime of an answer before the first ListShards
 * @throws ConnectorError START_POSITION_IN_FUTURE
 */
export function startOfTable(
  configured: InitialPosition,
  { frozen, isEmpty }: { readonly frozen: number | undefined; readonly isEmpty: boolean },
  { createdAt }: Pick<StreamDescription, 'createdAt'>,
  serviceTime: number,
): StartPosition {
  switch (configured.type) {
    case 'LATEST':
      if (frozen === undefined && !isEmpty) {
        return FROM_BEGINNING;
      }
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

/** `shardId` and what it descends from, as a listing in which it is the one shard still open. */
export function ancestry(shardId: string, shards: ReadonlyMap<string, Shard>): Shard[] {
  const found = new Map<string, Shard>();
  const stack = [shardId];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    const shard = shards.get(id);
    if (shard !== undefined && !found.has(id)) {
      found.set(id, shard);
      stack.push(...parentIds(shard));
    }
  }
  return Array.from(found.values(), (shard) => {
    const { endingSequenceNumber, ...open } = shard;
    return shard.shardId === shardId ? open : shard;
  });
}

/** @throws ConnectorError START_POSITION_IN_FUTURE @param what names the instant */
export function requirePast(timestamp: number, serviceTime: number, what = 'startAtTime'): void {
  if (timestamp >= serviceTime + DATE_RESOLUTION_MS) {
    throw new ConnectorError('START_POSITION_IN_FUTURE', `${what} lies in the future`, {
      expected: `at most ${new Date(serviceTime).toISOString()} (time of the service)`,
      found: new Date(timestamp).toISOString(),
    });
  }
}
