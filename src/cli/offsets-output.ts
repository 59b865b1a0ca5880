import { instantOfLease, isFinished, type Lease } from '../lease/lease';
import { shardOf } from '../offsets/offsets-file';
import type { OffsetsChange } from '../offsets/offsets-plan';
import type { OffsetsRow } from '../offsets/offsets-row';
import { format } from '../stream/extended-sequence-number';
import { parseSequence } from '../stream/sequence-parts';
import { textTable } from './text-table';

/** A row with its owner, as `offsets get --json` prints it. */
export function rowOfLease(lease: Lease): { readonly [name: string]: unknown } {
  return { ...shardOf(lease), owner: lease.owner, counter: lease.counter };
}

/** Rows for people. */
export function tableOfLeases(leases: readonly Lease[]): string {
  return textTable([
    ['SHARD', 'LAST RECORD OF', 'ALL READ UP TO', 'OWNER', 'POSITION'],
    ...leases.map((lease) => [
      lease.key,
      arrivalOf(lease),
      lease.caughtUpAt === undefined ? '' : instant(lease.caughtUpAt),
      lease.owner ?? (isFinished(lease) ? '' : 'nobody'),
      position(lease),
    ]),
  ]);
}

/** What will be done, or was, for people. */
export function tableOfChanges(changes: readonly OffsetsChange[]): string {
  return textTable([
    ['SHARD', 'FROM', 'TO'],
    ...changes.map((change) =>
      change.kind === 'delete'
        ? [change.seen.key, position(change.seen), 'no row']
        : [
            change.seen?.key ?? change.row.shardId,
            change.seen === undefined ? 'no row' : position(change.seen),
            position(change.row),
          ],
    ),
  ]);
}

/** The same for scripts. */
export function changesForScripts(changes: readonly OffsetsChange[]): unknown {
  return changes.map((change) =>
    change.kind === 'delete'
      ? { stream: change.seen.stream, shardId: change.seen.shardId, from: shardOf(change.seen) }
      : {
          stream: change.row.stream,
          shardId: change.row.shardId,
          ...(change.seen !== undefined && { from: shardOf(change.seen) }),
          to: shardOf(change.row),
        },
  );
}

function position(row: OffsetsRow): string {
  const { checkpoint, startAt, anchor } = row;
  const { sequenceNumber } = checkpoint;
  if (anchor) {
    return `start of the table, ${instant(startAt)}`;
  }
  const startsThere = sequenceNumber === 'LATEST' || sequenceNumber === 'AT_TIMESTAMP';
  const startsAt = instantOfLease(row);
  return startsThere && startsAt !== undefined
    ? `${sequenceNumber} (of ${instant(startsAt)})`
    : format(checkpoint);
}

/** When the last record that counts as read came, to the second, where its number tells it. */
function arrivalOf({ checkpoint }: OffsetsRow): string {
  const parts = parseSequence(checkpoint.sequenceNumber);
  return parts === undefined ? '' : instant(parts.seconds * 1000).replace('.000Z', 'Z');
}

const instant = (ms: number | undefined): string => new Date(ms ?? 0).toISOString();
