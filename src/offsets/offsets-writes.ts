import type {
  DeleteItemCommandInput,
  PutItemCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Lease } from '../lease/lease';
import { REMOVED_ON_CHECKPOINT, REMOVED_ON_RELEASE, REMOVED_ON_TAKE } from '../lease/owner-writes';
import { NUMBERING_ATTRIBUTES } from '../lease/row-numbering';
import { createInput, isStorable } from '../lease/serializer';
import { number, text, texts, UpdateBuilder } from '../lease/update-builder';
import type { OffsetsRow } from './offsets-row';

/** What belongs to an owner, or to a position that is left. Numbers go too: a shard that is set back is to be sent again. */
const REMOVED = [
  ...new Set([...REMOVED_ON_TAKE, ...REMOVED_ON_RELEASE, ...REMOVED_ON_CHECKPOINT, ...NUMBERING_ATTRIBUTES]),
];

/**
 * Moves a row, and takes it away from its owner: only as it was seen, and with another counter behind it, so that no
 * write of the owner counts any more, ours or the KCL's (G4).
 */
export function moveInput(tableName: string, seen: Lease, row: OffsetsRow): UpdateItemCommandInput {
  const update = new UpdateBuilder();
  update.whenSeen(seen);
  update.set('checkpoint', text(row.checkpoint.sequenceNumber));
  update.set('checkpointSubSequenceNumber', number(row.checkpoint.subSequenceNumber));
  update.set('ownerSwitchesSinceCheckpoint', number(0));
  update.add('leaseCounter', number(1));
  update.remove(...REMOVED);
  if (row.parentShardIds.length > 0) {
    update.set('parentShardId', texts(row.parentShardIds));
  }
  if (row.childShardIds.length > 0) {
    update.set('childShardIds', texts(row.childShardIds));
  }
  if (row.hashRange !== undefined && isStorable(row.hashRange)) {
    update.set('startingHashKey', text(row.hashRange.startingHashKey));
    update.set('endingHashKey', text(row.hashRange.endingHashKey));
  }
  if (row.streamArn !== undefined) {
    update.set('streamArn', text(row.streamArn));
  }
  setOrRemove(update, 'startAt', row.startAt);
  setOrRemove(update, 'readFrom', row.readFrom);
  setOrRemove(update, 'caughtUpAt', row.caughtUpAt);
  if (row.anchor) {
    update.set('anchor', text('startAt'));
  } else {
    update.remove('anchor');
  }
  return update.build(tableName, { leaseKey: text(seen.key) });
}

/** Puts a row that is not there. @param streamArn for a row that names none, as the KCL's do not */
export function putInput(tableName: string, row: OffsetsRow, streamArn: string): PutItemCommandInput {
  const input = createInput(tableName, { ...row, streamArn: row.streamArn ?? streamArn });
  return {
    ...input,
    Item: {
      ...input.Item,
      ...(row.childShardIds.length > 0 && { childShardIds: texts(row.childShardIds) }),
      ...(row.readFrom !== undefined && { readFrom: number(row.readFrom) }),
      ...(row.caughtUpAt !== undefined && { caughtUpAt: number(row.caughtUpAt) }),
    },
  };
}

/** Deletes a row, only as it was seen. */
export function removeInput(tableName: string, seen: Lease): DeleteItemCommandInput {
  const update = new UpdateBuilder();
  update.whenSeen(seen);
  const { ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues } = update.build(
    tableName,
    {},
  );
  return {
    TableName: tableName,
    Key: { leaseKey: text(seen.key) },
    ConditionExpression,
    ExpressionAttributeNames,
    ExpressionAttributeValues,
  };
}

function setOrRemove(update: UpdateBuilder, attribute: string, value: number | undefined): void {
  if (value === undefined) {
    update.remove(attribute);
  } else {
    update.set(attribute, number(value));
  }
}
