import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { OwnedLease } from './lease';
import { UpdateBuilder } from './update-builder';

/**
 * Asks the owner for the lease as it was seen: same owner, same counter, and no request but the one that was seen.
 * Leaves the counter alone: it is the owner's sign of life, and its writes are conditional on it.
 */
export function askInput(
  tableName: string,
  seen: OwnedLease,
  worker: string,
  handoffId: string,
): UpdateItemCommandInput {
  const update = new UpdateBuilder();
  update.when('leaseOwner', { S: seen.owner });
  update.when('leaseCounter', { N: String(seen.counter) });
  if (seen.handoffId === undefined) {
    update.whenAbsent('handoffId');
  } else {
    update.when('handoffId', { S: seen.handoffId });
  }
  update.set('handoffTo', { S: worker });
  update.set('handoffId', { S: handoffId });
  return update.build(tableName, { leaseKey: { S: seen.key } });
}

/** Takes the request of `worker` back, or its right to be first at a lease that was given up to it. */
export function withdrawInput(tableName: string, key: string, worker: string): UpdateItemCommandInput {
  const update = new UpdateBuilder();
  update.when('handoffTo', { S: worker });
  update.remove('handoffTo', 'handoffId');
  return update.build(tableName, { leaseKey: { S: key } });
}
