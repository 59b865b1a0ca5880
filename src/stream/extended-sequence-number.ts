import { ConnectorError } from '../errors';

/** Places that are no sequence number. Source: KCL `SentinelCheckpoint`; the names stand in the lease table. */
export type Sentinel = 'AT_TIMESTAMP' | 'TRIM_HORIZON' | 'LATEST' | 'SHARD_END';

/**
 * A place in a shard: a record, or one user record of an aggregated one, or a sentinel.
 * Source: KCL `ExtendedSequenceNumber`.
 */
export interface ExtendedSequenceNumber {
  /** Decimal digits (about 56, 186 bits) or a sentinel. */
  readonly sequenceNumber: string;
  /** Index of the user record inside its aggregate; 0 for plain records and sentinels. */
  readonly subSequenceNumber: number;
}

const at = (sequenceNumber: Sentinel): ExtendedSequenceNumber => ({ sequenceNumber, subSequenceNumber: 0 });

export const AT_TIMESTAMP = at('AT_TIMESTAMP');
export const TRIM_HORIZON = at('TRIM_HORIZON');
export const LATEST = at('LATEST');
export const SHARD_END = at('SHARD_END');

/** Order of the kinds; digits share one rank. Source: KCL `ExtendedSequenceNumber.bigIntegerValue`. */
const RANKS = new Map<string, number>([
  ['AT_TIMESTAMP', 0],
  ['TRIM_HORIZON', 1],
  ['LATEST', 2],
  ['SHARD_END', 4],
]);
const DIGITS_RANK = 3;
const DIGITS = /^[0-9]+$/;
const ZERO = 48;
const NINE = 57;

export function isSentinel(sequenceNumber: string): sequenceNumber is Sentinel {
  return RANKS.has(sequenceNumber);
}

/**
 * AT_TIMESTAMP < TRIM_HORIZON < LATEST < digits by value < SHARD_END.
 * @returns negative, 0 or positive, as Array.sort wants it.
 */
export function compareSequenceNumbers(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  const aDigits = startsWithDigit(a);
  if (aDigits && startsWithDigit(b)) {
    return compareDigits(a, b);
  }
  return (aDigits ? DIGITS_RANK : rankOf(a)) - (startsWithDigit(b) ? DIGITS_RANK : rankOf(b));
}

/** Order of places in one shard; ties by sub-sequence number. @returns negative, 0 or positive. */
export function compare(a: ExtendedSequenceNumber, b: ExtendedSequenceNumber): number {
  return (
    compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber) || a.subSequenceNumber - b.subSequenceNumber
  );
}

/** The later of two places. */
export function later(a: ExtendedSequenceNumber, b: ExtendedSequenceNumber): ExtendedSequenceNumber {
  return compare(a, b) >= 0 ? a : b;
}

/**
 * A checked place.
 * @param subSequenceNumber an integer from 0 to 2^53 − 1; 0 for a sentinel.
 * @throws ConnectorError CHECKPOINT_INVALID
 */
export function extendedSequenceNumber(
  sequenceNumber: string,
  subSequenceNumber = 0,
): ExtendedSequenceNumber {
  const sentinel = isSentinel(sequenceNumber);
  if (!sentinel && !DIGITS.test(sequenceNumber)) {
    throw new ConnectorError('CHECKPOINT_INVALID', 'the sequence number of a checkpoint is malformed', {
      expected: 'decimal digits, TRIM_HORIZON, LATEST, AT_TIMESTAMP or SHARD_END',
      found: JSON.stringify(sequenceNumber),
    });
  }
  if (
    !Number.isSafeInteger(subSequenceNumber) ||
    subSequenceNumber < 0 ||
    (sentinel && subSequenceNumber > 0)
  ) {
    throw new ConnectorError('CHECKPOINT_INVALID', 'the sub-sequence number of a checkpoint is malformed', {
      expected: sentinel ? `0 beside ${sequenceNumber}` : 'a whole number from 0',
      found: String(subSequenceNumber),
    });
  }
  return { sequenceNumber, subSequenceNumber };
}

/** For people: the sequence number, and `.sub` behind it unless that is 0. */
export function format(place: ExtendedSequenceNumber): string {
  return place.subSequenceNumber === 0
    ? place.sequenceNumber
    : `${place.sequenceNumber}.${place.subSequenceNumber}`;
}

function startsWithDigit(text: string): boolean {
  const first = text.charCodeAt(0);
  return first >= ZERO && first <= NINE;
}

/** By length, then as text: the same order as by value, without a BigInt for every record. */
function compareDigits(a: string, b: string): number {
  const left = a.charCodeAt(0) === ZERO ? withoutLeadingZeros(a) : a;
  const right = b.charCodeAt(0) === ZERO ? withoutLeadingZeros(b) : b;
  if (left.length !== right.length) {
    return left.length - right.length;
  }
  return left === right ? 0 : left < right ? -1 : 1;
}

function withoutLeadingZeros(digits: string): string {
  return digits.replace(/^0+(?=[0-9])/, '');
}

function rankOf(sentinel: string): number {
  const rank = RANKS.get(sentinel);
  if (rank === undefined) {
    throw new ConnectorError('CHECKPOINT_INVALID', `not a place in a shard: ${JSON.stringify(sentinel)}`);
  }
  return rank;
}
