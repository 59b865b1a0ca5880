import { type History, shortName } from './history';
import type { LeaseRow } from './lease-row';
import type { PutRecord, RecordAudit } from './record-audit';

/** A record as it is sent, or stored: under which name, with which number. */
export interface NumberedCopy {
  /** Of the partition, where the topic has several. */
  readonly topic: string;
  readonly producer: string;
  readonly sequenceId: number;
}

/** The numbers of one producer name. */
interface Numbers {
  /** By place in the shard. */
  readonly ids: Map<number, number>;
  /** The one that is furthest. */
  readonly last: { place: number; id: number };
}

/**
 * EFFECTIVELY_ONCE: under one producer name a record has one number and no two have the same, and the topic has it once
 * in a generation. Another one has to have its reason in the row, and to stand there first.
 */
export class NumberingAudit {
  readonly #numbers = new Map<string, Numbers>();
  readonly #copies = new Map<PutRecord, NumberedCopy[]>();
  /** What a topic had under a name when it forgot that. */
  readonly #forgotten = new Map<string, ReadonlySet<PutRecord>>();
  /** That the rows have had. */
  readonly #generations = new Set<string>();

  constructor(
    private readonly history: History,
    private readonly records: RecordAudit,
  ) {}

  /** A frame with the record leaves its process. */
  sent(record: PutRecord, producer: string, sequenceId: number): void {
    const { index, place, shard } = record;
    const generation = generationOf(producer);
    if (!this.#generations.has(`${shard.shardId} ${generation}`)) {
      this.#broken(record, `record ${index} is sent as of generation ${generation}, which no row has`);
    }
    const numbers = this.#numbers.get(producer);
    if (numbers === undefined) {
      const last = { place, id: sequenceId };
      this.#numbers.set(producer, { ids: new Map([[place, sequenceId]]), last });
      return;
    }
    const { ids, last } = numbers;
    const known = ids.get(place);
    const expected = known ?? last.id + place - last.place;
    if (sequenceId !== expected && !(known === undefined && this.#mayJump(record, last, sequenceId))) {
      this.#broken(record, `record ${index} has the number ${sequenceId} instead of ${expected}`);
    }
    ids.set(place, sequenceId);
    if (place > last.place) {
      Object.assign(last, { place, id: sequenceId });
    }
  }

  /** The topic has got the record. */
  stored(record: PutRecord, copy: NumberedCopy): void {
    const copies = this.#copies.get(record) ?? [];
    const generation = generationOf(copy.producer);
    const before = copies.find(({ producer }) => generationOf(producer) === generation);
    if (before !== undefined && this.#forgotten.get(nameAt(before))?.has(record) !== true) {
      const where = before.topic === copy.topic ? 'again' : 'in two partitions';
      this.#broken(record, `record ${record.index} is stored ${where} in one generation`);
    }
    copies.push(copy);
    this.#copies.set(record, copies);
  }

  /** The broker does not know the numbers of a producer any more. */
  forgot(topic: string, producer: string): void {
    const name = nameAt({ topic, producer });
    const has = (copies: readonly NumberedCopy[]): boolean => copies.some((copy) => nameAt(copy) === name);
    const forgotten = [...this.#copies].filter(([, copies]) => has(copies)).map(([record]) => record);
    this.#forgotten.set(name, new Set(forgotten));
  }

  /** A worker of ours has written to a row that it owns. */
  written(before: LeaseRow, after: LeaseRow, worker: string): void {
    const { shardId, checkpoint, numbering } = after;
    if (numbering === undefined) {
      return;
    }
    const was = before.numbering;
    this.#generations.add(`${shardId} ${numbering.generation}`);
    if (was?.generation !== numbering.generation) {
      this.history.note(`begins generation ${numbering.generation.slice(0, 4)}`, worker, shardId);
      if (was !== undefined && this.#isGood(before)) {
        this.#told(shardId, `${worker} began a generation, and that of the row was good`);
      }
    }
    const ended = checkpoint.sequenceNumber === 'SHARD_END';
    if (!ended && numbering.at !== placeName(after) && was?.at === placeName(before)) {
      this.#told(
        shardId,
        `${worker} wrote the checkpoint ${placeName(after)}, its ordinal is that of ${numbering.at}`,
      );
    }
  }

  /** Whether numbers may go on from anywhere: what is between was trimmed. They grow all the same. */
  #mayJump({ place, shard }: PutRecord, last: Numbers['last'], id: number): boolean {
    const between = shard.records.slice(Math.min(place, last.place), Math.max(place, last.place));
    const grows = id > last.id === place > last.place;
    return grows && between.some(({ arrival }) => arrival < this.records.horizon());
  }

  /** Whether the row's numbering can be gone on with: it is that of its checkpoint, whose record is still there. */
  #isGood(row: LeaseRow): boolean {
    const { shardId, checkpoint, numbering } = row;
    const shard = this.records.shards.get(shardId);
    const isNamed = /^\d/.test(checkpoint.sequenceNumber);
    const named = isNamed ? checkpoint.sequenceNumber : numbering?.firstSequence;
    const place = shard?.places.get(named ?? '')?.first;
    const record = place === undefined ? undefined : shard?.records[place];
    return (
      numbering?.at === placeName(row) && record !== undefined && record.arrival >= this.records.horizon()
    );
  }

  #broken({ shard }: PutRecord, what: string): void {
    this.#told(shard.shardId, what);
  }

  #told(shardId: string, what: string): void {
    this.history.broken(`G3 ${shortName(shardId)}: ${what}`, shardId);
  }
}

/** What a producer is called last. */
const generationOf = (producer: string): string => producer.slice(producer.lastIndexOf('/') + 1);

const nameAt = ({ topic, producer }: Pick<NumberedCopy, 'topic' | 'producer'>): string =>
  `${topic} ${producer}`;

/** A checkpoint as its ordinal names it. */
const placeName = ({ checkpoint }: LeaseRow): string =>
  `${checkpoint.sequenceNumber}:${checkpoint.subSequenceNumber}`;
