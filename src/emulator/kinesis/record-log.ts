/** A record as it stands in an answer of GetRecords. Stored as such: reading does not build it again. */
export interface StoredRecord {
  readonly SequenceNumber: string;
  /** Seconds since the epoch, fractional to the millisecond. */
  readonly ApproximateArrivalTimestamp: number;
  /** Base64, as it was put. */
  readonly Data: string;
  readonly PartitionKey: string;
}

/** Bytes of what a padded base64 text stands for. */
export function decodedLength(base64: string): number {
  const length = base64.length;
  const padding = base64.charCodeAt(length - 1) !== 61 ? 0 : base64.charCodeAt(length - 2) !== 61 ? 1 : 2;
  return (length / 4) * 3 - padding;
}

/** What the size of a record is made of. */
export type Sized = Pick<StoredRecord, 'Data' | 'PartitionKey'>;

/** Bytes that count against the limits: data and partition key. Source: Kinesis API, PutRecords. */
export function recordSize(record: Sized): number {
  return decodedLength(record.Data) + Buffer.byteLength(record.PartitionKey);
}

/** The records of one shard: growing sequence numbers, arrival times that never go back. */
export class RecordLog {
  #records: StoredRecord[] = [];
  /** Records before it are trimmed; the array is cut only when they are the greater part of it. */
  #head = 0;

  get length(): number {
    return this.#records.length - this.#head;
  }

  append(record: StoredRecord): void {
    this.#records.push(record);
  }

  /** Place of the first record with a sequence number ≥ `sequence` (> when `exclusive`); `end()` when there is none. */
  placeOf(sequence: string, exclusive: boolean): number {
    return this.#search((record) =>
      exclusive ? record.SequenceNumber > sequence : record.SequenceNumber >= sequence,
    );
  }

  /** Place of the first record that arrived at `seconds` (since the epoch) or later. */
  placeAt(seconds: number): number {
    return this.#search((record) => record.ApproximateArrivalTimestamp >= seconds);
  }

  end(): number {
    return this.#records.length;
  }

  at(place: number): StoredRecord | undefined {
    return this.#records[place];
  }

  /** At least one record when there is one; then as many as fit into both limits. */
  read(place: number, maxRecords: number, maxBytes: number): StoredRecord[] {
    let end = place;
    for (let bytes = 0; end < this.#records.length && end - place < maxRecords; end++) {
      bytes += recordSize(this.#records[end] as StoredRecord);
      if (bytes > maxBytes && end > place) {
        break;
      }
    }
    return this.#records.slice(place, end);
  }

  /** Forgets every record that arrived before `seconds`. Places taken before are void. */
  trim(seconds: number): void {
    const first = this.#records[this.#head];
    if (first === undefined || first.ApproximateArrivalTimestamp >= seconds) {
      return;
    }
    this.#head = this.placeAt(seconds);
    if (this.#head * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
  }

  #search(found: (record: StoredRecord) => boolean): number {
    let low = this.#head;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (found(this.#records[middle] as StoredRecord)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
