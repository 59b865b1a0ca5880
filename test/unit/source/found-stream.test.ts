import type { KinesisApi, StreamDescription } from '../../../src/aws/kinesis-api';
import { ConnectorError } from '../../../src/errors';
import type { ShardReader } from '../../../src/retrieval/retrieval';
import { endingReader } from '../../../src/source/ending-reader';
import { FoundStream } from '../../../src/source/found-stream';
import { silentLogger } from '../../../src/util/logger';

const FOUND: StreamDescription = {
  name: 'orders-eu',
  arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders-eu',
  status: 'ACTIVE',
  createdAt: 1_767_225_600_500,
  retentionHours: 24,
  openShardCount: 1,
  maxRecordBytes: 1_048_576,
  serviceTime: undefined,
};
const notFound = new ConnectorError('KINESIS_STREAM_NOT_FOUND', 'no such stream');
const never = new AbortController().signal;
const admit = async (): Promise<void> => undefined;

class Lab {
  answer: Partial<StreamDescription> | Error = {};
  listing: Error | undefined;
  told: string[] = [];
  readonly stream: FoundStream;

  constructor() {
    const describeStream = async () => {
      if (this.answer instanceof Error) {
        throw this.answer;
      }
      return { ...FOUND, ...this.answer };
    };
    const listShards = async () => {
      if (this.listing !== undefined) {
        throw this.listing;
      }
      return { shards: [], nextToken: 'more' };
    };
    const nobody = () => Promise.reject(new Error('nobody asks for it'));
    const kinesis: KinesisApi = {
      describeStream,
      listShards,
      listStreams: nobody,
      getShardIterator: nobody,
      getRecords: nobody,
    };
    const logger = { ...silentLogger, warn: (_: object, message: string) => void this.told.push(message) };
    const clients = {
      kinesis,
      fanOut: () => {
        throw new Error('nobody asks for it');
      },
    };
    const options = {
      label: 'orders-eu',
      clients,
      several: true,
      logger: { ...logger, child: () => logger },
    };
    this.stream = new FoundStream(options, FOUND);
  }
}

describe('a stream that a pattern has found', () => {
  test.each<[string, Partial<StreamDescription> | Error]>([
    ['is no more', notFound],
    ['is being deleted', { status: 'DELETING' }],
    ['was made anew', { createdAt: FOUND.createdAt + 5000 }],
  ])(
    'and that %s has vanished for good: it has no shards, and stays as it was described',
    async (_, answer) => {
      const lab = new Lab();
      expect(await lab.stream.isThere()).toBe(true);
      lab.answer = answer;
      expect(await lab.stream.isThere()).toBe(false);
      lab.answer = {};
      lab.listing = new Error('nobody is asked any more');
      expect([lab.stream.isGone(), await lab.stream.isThere()]).toEqual([true, false]);
      expect(await lab.stream.kinesis.describeStream(lab.stream.ref)).toEqual(FOUND);
      expect(await lab.stream.kinesis.listShards(lab.stream.ref, {})).toEqual({
        shards: [],
        nextToken: undefined,
      });
      expect(lab.told).toHaveLength(1);
    },
  );

  test('and whose shards are not found any more has vanished', async () => {
    const lab = new Lab();
    expect(await lab.stream.kinesis.listShards(lab.stream.ref, {})).toMatchObject({ nextToken: 'more' });
    lab.listing = notFound;
    expect(await lab.stream.kinesis.listShards(lab.stream.ref, {})).toMatchObject({ shards: [] });
    expect(lab.stream.isGone()).toBe(true);
  });

  test('is still there while it is updated, and while nobody can tell', async () => {
    const lab = new Lab();
    lab.answer = { status: 'UPDATING', serviceTime: 7 };
    expect(await lab.stream.kinesis.describeStream(lab.stream.ref)).toMatchObject({ serviceTime: 7 });
    lab.listing = new ConnectorError('AWS_UNAVAILABLE', 'not now');
    lab.answer = lab.listing;
    await expect(lab.stream.isThere()).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
    await expect(lab.stream.kinesis.listShards(lab.stream.ref, {})).rejects.toMatchObject({
      code: 'AWS_UNAVAILABLE',
    });
    expect(lab.stream.isGone()).toBe(false);
  });
});

describe('a reader of a stream that may vanish', () => {
  const end = { records: [], millisBehindLatest: undefined, end: { childShards: [] } };

  function reading(error: Error) {
    const lab = new Lab();
    let opened = 0;
    let closed = 0;
    const reader: ShardReader = {
      read: () => Promise.reject(error),
      close: () => void closed++,
    };
    const ending = endingReader(lab.stream, () => {
      opened++;
      return reader;
    });
    return { lab, ending, counts: () => [opened, closed] };
  }

  test('ends the shard where an error shows that the stream has vanished', async () => {
    const { lab, ending, counts } = reading(
      new ConnectorError('KINESIS_POSITION_REFUSED', 'whose number is this'),
    );
    lab.answer = { createdAt: FOUND.createdAt + 5000 };
    expect(await ending.read(never, admit)).toEqual(end);
    ending.close();
    expect(counts()).toEqual([1, 1]);
  });

  test('throws the error while the stream is there, and while nobody can tell', async () => {
    const { lab, ending } = reading(notFound);
    await expect(ending.read(never, admit)).rejects.toBe(notFound);
    lab.answer = new ConnectorError('AWS_UNAVAILABLE', 'not now');
    await expect(ending.read(never, admit)).rejects.toBe(notFound);
    expect(lab.stream.isGone()).toBe(false);
  });

  test('asks nobody once it has vanished: one made anew would answer in its place', async () => {
    const { lab, ending, counts } = reading(new Error('it was asked'));
    lab.answer = notFound;
    await lab.stream.isThere();
    expect(await ending.read(never, admit)).toEqual(end);
    ending.close();
    expect(counts()).toEqual([0, 0]);
  });

  test('ends with its signal', async () => {
    const { lab, ending } = reading(notFound);
    lab.answer = notFound;
    await expect(ending.read(AbortSignal.abort(new Error('stopped')), admit)).rejects.toThrow('stopped');
  });
});
