import type { RawRecord } from '../aws/kinesis-api';
import { ConnectorError } from '../errors';
import { instantOfLease, isFinished, type Lease, startsAtInstant } from '../lease/lease';
import { type ExtendedSequenceNumber, format } from '../stream/extended-sequence-number';

/**
 * Why records may be missing at a place of a shard.
 * - TRIMMED: the place is older than the retention, and its record is no longer there.
 * - VANISHED: the shard itself is no longer listed, and was not read to its end.
 * - UNKNOWN: its record is no longer there, and nothing says until when the shard was read: a KCL worker did.
 * - START: reading begins where records are trimmed: startAtTime is older than the retention, or it is TRIM_HORIZON
 *   and what was in front of it was trimmed before it got there.
 */
export type GapReason = 'TRIMMED' | 'VANISHED' | 'UNKNOWN' | 'START';

/** A place of a shard at which records may have been trimmed before they were read. Instants are service time, ms since the epoch. */
export interface Gap {
  readonly reason: GapReason;
  /** The last place that was read. */
  readonly from: ExtendedSequenceNumber;
  /** Everything that arrived before it was read; undefined: nobody knows. */
  readonly coveredTo: number | undefined;
  /** Whatever arrived since is still there; undefined when it was of no use to ask. */
  readonly keptSince: number | undefined;
  /** The first record behind the gap; undefined when there is none yet. */
  readonly to: Pick<RawRecord, 'sequenceNumber' | 'approximateArrival'> | undefined;
}

/**
 * The instant before which everything in the shard was read and stored, or need not be read, when its reading begins;
 * milliseconds since the epoch, service time; undefined when the table does not tell.
 *
 * A child that nobody has begun holds nothing older than the end of its parents, of which the service names no instant.
 * But it has been there, unread, since the first of them was read to its end: that is when its row begins to cover.
 * @param parents rows of its parents, as far as there are any
 */
export function coveredTo(lease: Lease, parents: readonly Lease[]): number | undefined {
  const { caughtUpAt } = lease;
  const instant = instantOfLease(lease);
  if (startsAtInstant(lease) && instant !== undefined) {
    return Math.max(instant, caughtUpAt ?? instant);
  }
  if (!isUnbegun(lease)) {
    return caughtUpAt;
  }
  const ends = parents.filter(isFinished).flatMap((parent) => parent.caughtUpAt ?? []);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Whether the shard is to be read from its beginning, and nothing shows that anybody has; unless it was set back to there. */
export function isUnbegun({ checkpoint, caughtUpAt, readFrom }: Lease): boolean {
  return checkpoint.sequenceNumber === 'TRIM_HORIZON' && caughtUpAt === undefined && readFrom === undefined;
}

/** Whether the lease starts at the instant of the configuration, and nothing shows that its reading has begun. */
export function startsAsConfigured({ checkpoint, caughtUpAt }: Lease): boolean {
  return checkpoint.sequenceNumber === 'AT_TIMESTAMP' && caughtUpAt === undefined;
}

/** For a log line. */
export function fieldsOf(gap: Gap): { readonly [field: string]: string } {
  const { reason, from, coveredTo: covered, keptSince, to } = gap;
  return {
    reason,
    from: format(from),
    ...(covered === undefined ? {} : { coveredTo: iso(covered) }),
    ...(keptSince === undefined ? {} : { keptSince: iso(keptSince) }),
    ...(to === undefined ? {} : { to: to.sequenceNumber, toArrival: iso(to.approximateArrival) }),
  };
}

/** @param shard as people know it, see SourceStream.nameOf */
export function dataLoss(gap: Gap, shard: string): ConnectorError {
  const { reason, from, coveredTo: covered, keptSince, to } = gap;
  const until = covered === undefined ? '' : `, all until ${iso(covered)} was read`;
  const since = keptSince === undefined ? '' : `, records are kept since ${iso(keptSince)}`;
  const first =
    reason === 'VANISHED'
      ? 'a shard that is no longer listed'
      : to === undefined
        ? 'none of them'
        : `${to.sequenceNumber}, arrived at ${iso(to.approximateArrival)}`;
  return new ConnectorError(
    'SOURCE_DATA_LOSS',
    `records of ${shard} may have been trimmed before they were read`,
    { expected: `the records behind ${format(from)}${until}`, found: `${first}${since}` },
  );
}

const iso = (instant: number): string => new Date(instant).toISOString();
