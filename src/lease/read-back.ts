import type { Lease } from './lease';
import type { Holder } from './lease-table';

/** What a row shows about a write whose answer is missing or was a refusal. */
export type Verdict =
  /** The row is as it was: the write may be tried again. */
  | 'NOT_APPLIED'
  /** A write of ours moved the counter and the lease is still ours. */
  | 'APPLIED'
  /** A write of ours gave the lease up. */
  | 'RELEASED'
  /** Somebody else wrote. */
  | 'LOST';

/**
 * Judges a consistent read of the row. Owner and counter alone decide: what exactly was applied is read from the
 * row, since it may have been an earlier, delayed attempt.
 * @param releasing whether an attempt to give the lease up is among those that may have been applied
 */
export function judge(row: Lease | undefined, holder: Holder, releasing: boolean): Verdict {
  if (row === undefined) {
    return 'LOST';
  }
  if (row.owner === holder.owner) {
    return row.counter === holder.counter
      ? 'NOT_APPLIED'
      : row.counter === holder.counter + 1
        ? 'APPLIED'
        : 'LOST';
  }
  return releasing && row.owner === undefined && row.counter === holder.counter + 1 ? 'RELEASED' : 'LOST';
}

/** An owner, or a row, for a message. */
export function described(
  row: { readonly owner: string | undefined; readonly counter: number } | undefined,
): string {
  return row === undefined ? 'no row' : `owner ${row.owner ?? 'none'}, counter ${row.counter}`;
}
