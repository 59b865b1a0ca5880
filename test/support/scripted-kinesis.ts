import type {
  GetRecordsOptions,
  IteratorPosition,
  KinesisApi,
  RawRecord,
  RecordsAnswer,
  ShardPage,
  StreamPage,
} from '../../src/aws/kinesis-api';

/** What GetRecords does next: an answer, an error, or nothing until its signal fires. */
export type ScriptStep =
  | Partial<RecordsAnswer>
  | Error
  | 'silence'
  | ((options: GetRecordsOptions) => Promise<RecordsAnswer>);

export const record = (sequenceNumber: string): RawRecord => ({
  data: new Uint8Array([1]),
  partitionKey: 'key',
  sequenceNumber,
  approximateArrival: 0,
  encryptionType: 'NONE',
});

export const answer = (partial: Partial<RecordsAnswer> = {}): RecordsAnswer => ({
  records: [],
  nextIterator: 'next',
  millisBehindLatest: 0,
  childShards: [],
  ...partial,
});

/** A Kinesis that plays a script: for orders and errors that a working one does not give on demand. */
export class ScriptedKinesis implements KinesisApi {
  /** Positions iterators were taken at. */
  readonly positions: IteratorPosition[] = [];
  /** Iterators GetRecords was called with. */
  readonly iterators: string[] = [];
  /** Errors GetShardIterator throws, first come first. */
  readonly iteratorErrors: Error[] = [];
  readonly listings: (ShardPage | Error)[] = [];
  readonly #script: ScriptStep[];
  #called: (() => void) | undefined;

  constructor(script: ScriptStep[]) {
    this.#script = script;
  }

  /** Resolves at the next GetRecords. */
  called(): Promise<void> {
    return new Promise((resolve) => {
      this.#called = resolve;
    });
  }

  async getShardIterator(_stream: unknown, _shardId: string, position: IteratorPosition): Promise<string> {
    this.positions.push(position);
    const error = this.iteratorErrors.shift();
    if (error !== undefined) {
      throw error;
    }
    return `iterator-${this.positions.length}`;
  }

  async getRecords(
    _stream: unknown,
    query: { readonly iterator: string },
    options: GetRecordsOptions = {},
  ): Promise<RecordsAnswer> {
    this.iterators.push(query.iterator);
    const step = this.#script.shift() ?? 'silence';
    this.#called?.();
    if (step instanceof Error) {
      throw step;
    }
    if (typeof step === 'function') {
      return step(options);
    }
    return step === 'silence' ? new Promise<never>(() => undefined) : answer(step);
  }

  async listStreams(): Promise<StreamPage> {
    return { streams: [], more: false };
  }

  async listShards(): Promise<ShardPage> {
    const page = this.listings.shift();
    if (page === undefined || page instanceof Error) {
      throw page ?? new Error('the script has no further listing');
    }
    return page;
  }

  describeStream(): never {
    throw new Error('a reader has no need of DescribeStreamSummary');
  }
}
