import type { Item } from '../aws/dynamo-api';
import { compare, type ExtendedSequenceNumber, isSentinel } from '../stream/extended-sequence-number';
import { number, text, type UpdateBuilder } from './update-builder';

/**
 * How records of a shard are numbered, kept in its row (EFFECTIVELY_ONCE). Workers that know nothing of it move the
 * checkpoint and leave these attributes as they are: `at` shows that.
 */
export interface RowNumbering {
  /** Chosen at random when numbering began; a part of the producer name. */
  readonly generation: string;
  /** Records of the generation up to and with the place `at`: the number of the next one. */
  readonly ordinal: number;
  /** Checkpoint that `ordinal` belongs to. */
  readonly at: ExtendedSequenceNumber;
  /** Sequence number of the first record at or behind the place where the generation began. */
  readonly firstSequence: string | undefined;
  /** Topic that records were last sent to, and the partitions they were spread over; undefined: not partitioned. */
  readonly spread: TopicSpread | undefined;
}

export interface TopicSpread {
  readonly topic: string;
  readonly partitions: number;
}

/** Attributes of a numbering. */
export const NUMBERING_ATTRIBUTES = [
  'generation',
  'ordinal',
  'ordinalCheckpoint',
  'firstSequence',
  'outputTopic',
  'partitions',
];

/** Undefined when the row has none, or one that is not whole. */
export function decodeNumbering(item: Item): RowNumbering | undefined {
  const generation = item.generation?.S;
  const ordinal = Number(item.ordinal?.N);
  const [, sequenceNumber, subSequenceNumber] = /^(.+):(\d+)$/.exec(item.ordinalCheckpoint?.S ?? '') ?? [];
  if (generation === undefined || !Number.isSafeInteger(ordinal) || sequenceNumber === undefined) {
    return undefined;
  }
  const topic = item.outputTopic?.S;
  const partitions = Number(item.partitions?.N);
  return {
    generation,
    ordinal,
    at: { sequenceNumber, subSequenceNumber: Number(subSequenceNumber) },
    firstSequence: item.firstSequence?.S,
    spread: topic === undefined || !Number.isSafeInteger(partitions) ? undefined : { topic, partitions },
  };
}

export function setOrdinal(update: UpdateBuilder, ordinal: number, at: ExtendedSequenceNumber): void {
  update.set('ordinal', number(ordinal));
  update.set('ordinalCheckpoint', text(`${at.sequenceNumber}:${at.subSequenceNumber}`));
}

/** Sets all of it; what it lacks is taken away. */
export function setNumbering(update: UpdateBuilder, numbering: RowNumbering): void {
  const { generation, ordinal, at, firstSequence, spread } = numbering;
  update.set('generation', text(generation));
  setOrdinal(update, ordinal, at);
  if (firstSequence === undefined) {
    update.remove('firstSequence');
  } else {
    update.set('firstSequence', text(firstSequence));
  }
  if (spread === undefined) {
    update.remove('outputTopic', 'partitions');
  } else {
    update.set('outputTopic', text(spread.topic));
    update.set('partitions', number(spread.partitions));
  }
}

/** Whether `numbering` was begun and spread as `other`; where it has come to, does not matter. */
export function isSameNumbering(numbering: RowNumbering | undefined, other: RowNumbering | 'NONE'): boolean {
  if (numbering === undefined || other === 'NONE') {
    return numbering === undefined && other === 'NONE';
  }
  return (
    numbering.generation === other.generation &&
    numbering.firstSequence === other.firstSequence &&
    numbering.spread?.topic === other.spread?.topic &&
    numbering.spread?.partitions === other.spread?.partitions
  );
}

/**
 * Why the numbering of a row cannot be gone on with; undefined when it can. A broker takes a record for another one
 * when numbers are given anew from a wrong place: so the row's word has to be proved by what reading finds there.
 * @param checkpoint of the row
 * @param first sequence number of the first record read at or behind it
 */
export function distrust(
  numbering: RowNumbering | undefined,
  checkpoint: ExtendedSequenceNumber,
  first: string,
): 'NEW' | 'MOVED' | 'TRIMMED' | undefined {
  if (numbering === undefined) {
    return 'NEW';
  }
  if (!isSamePlace(numbering.at, checkpoint)) {
    return 'MOVED';
  }
  const isWhereItBegan = numbering.ordinal === 0 && first === numbering.firstSequence;
  return first === checkpoint.sequenceNumber || isWhereItBegan ? undefined : 'TRIMMED';
}

function isSamePlace(one: ExtendedSequenceNumber, other: ExtendedSequenceNumber): boolean {
  const named = !isSentinel(one.sequenceNumber) && !isSentinel(other.sequenceNumber);
  return named
    ? compare(one, other) === 0
    : one.sequenceNumber === other.sequenceNumber && one.subSequenceNumber === other.subSequenceNumber;
}
