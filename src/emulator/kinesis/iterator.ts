import { ServiceError } from '../service-model';
import { type Account, invalidArgument } from './account';
import type { Shard } from './shard';
import type { Stream } from './stream';
import { readToken, serviceDate, TOKEN_LIFE_MS, writeToken } from './token';

/** A place between two records of a shard. It names a sequence number, so that trimming does not move it. */
export interface Position {
  readonly sequenceNumber: string;
  /** Whether the record of that number itself is behind the place. */
  readonly exclusive: boolean;
}

export interface IteratorTarget {
  readonly stream: Stream;
  readonly shard: Shard;
  readonly position: Position;
}

export function writeIterator(account: Account, target: IteratorTarget): string {
  const { stream, shard, position } = target;
  return writeToken(account.now(), [
    stream.settings.arn,
    stream.settings.epoch,
    shard.id,
    position.sequenceNumber,
    position.exclusive ? 1 : 0,
  ]);
}

/**
 * Source of the last error: Kinesis API, GetRecords: a call for a stream of another account has to give its ARN.
 * @throws ServiceError InvalidArgumentException, ExpiredIteratorException, ResourceNotFoundException,
 * AccessDeniedException
 */
export function readIterator(account: Account, iterator: string): IteratorTarget {
  const token = readToken(iterator);
  const [arn, epoch, shardId, sequenceNumber, exclusive] = token?.parts ?? [];
  if (
    token === undefined ||
    typeof arn !== 'string' ||
    typeof shardId !== 'string' ||
    typeof sequenceNumber !== 'string'
  ) {
    throw invalidArgument('Invalid ShardIterator.');
  }
  const now = account.now();
  if (now - token.issuedAt > TOKEN_LIFE_MS) {
    throw new ServiceError(
      'ExpiredIteratorException',
      `Iterator expired. The iterator was created at time ${serviceDate(token.issuedAt)} while right now it is ` +
        `${serviceDate(now)} which is further in the future than the tolerated delay of ${TOKEN_LIFE_MS} milliseconds.`,
    );
  }
  const name = arn.slice(arn.indexOf('/') + 1);
  if (arn !== account.arnOf(name)) {
    throw new ServiceError(
      'AccessDeniedException',
      `User is not authorized to perform: kinesis:GetRecords on resource: ${arn}`,
    );
  }
  const stream = account.readyStream({ StreamName: name });
  if (stream.settings.epoch !== epoch) {
    throw account.shardNotFound(name, shardId);
  }
  const shard = account.shard(stream, shardId);
  return { stream, shard, position: { sequenceNumber, exclusive: exclusive === 1 } };
}
