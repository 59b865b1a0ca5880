import type { Lease } from '../lease/lease';

/** How far one shard was read, and what of its lease row is needed to go on from there. */
export type OffsetsRow = Pick<
  Lease,
  | 'stream'
  | 'shardId'
  | 'checkpoint'
  | 'parentShardIds'
  | 'childShardIds'
  | 'hashRange'
  | 'startAt'
  | 'readFrom'
  | 'caughtUpAt'
  | 'streamArn'
  | 'anchor'
>;

/** `lease` without what belongs to its owner. */
export function offsetsRow(lease: OffsetsRow): OffsetsRow {
  const { stream, shardId, checkpoint, parentShardIds, childShardIds } = lease;
  const { hashRange, startAt, readFrom, caughtUpAt, streamArn, anchor } = lease;
  return {
    stream,
    shardId,
    checkpoint,
    parentShardIds,
    childShardIds,
    hashRange,
    startAt,
    readFrom,
    caughtUpAt,
    streamArn,
    anchor,
  };
}

/** `row` at another position: what was known of the old one does not hold for it. The start of the table stays. */
export function movedTo(
  row: OffsetsRow,
  { checkpoint, readFrom }: Pick<OffsetsRow, 'checkpoint' | 'readFrom'>,
): OffsetsRow {
  return { ...offsetsRow(row), checkpoint, readFrom, caughtUpAt: undefined, anchor: false };
}

/** Whether both rows lead to the same records. */
export function sameOffsets(a: OffsetsRow, b: OffsetsRow): boolean {
  return (
    a.checkpoint.sequenceNumber === b.checkpoint.sequenceNumber &&
    a.checkpoint.subSequenceNumber === b.checkpoint.subSequenceNumber &&
    a.startAt === b.startAt &&
    a.readFrom === b.readFrom &&
    a.caughtUpAt === b.caughtUpAt &&
    a.anchor === b.anchor
  );
}
