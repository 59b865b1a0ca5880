import { CreateStreamCommand, DescribeStreamSummaryCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { createFanOutApi } from '../../src/aws/fan-out-client';
import { createKinesisApi } from '../../src/aws/kinesis-client';
import { createKinesisPutApi } from '../../src/aws/kinesis-put-client';
import { StreamRetrieval } from '../../src/retrieval/stream-retrieval';
import { sleep, systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { EMULATORS, type EmulatorName, type RunningKinesis } from '../contract/kinesis/emulators';
import { awsSettings } from '../support/aws-settings';

const STREAM = { name: 'orders' };
const clock = systemClock;
const { signal } = new AbortController();

/** Emulators with consumers, ours and one that is not ours: so that what we read agrees with what others send. */
const NAMES: readonly EmulatorName[] = ['ours', 'kinesis-local'];

describe.each(NAMES)('a shard of %s read by enhanced fan-out', (name) => {
  let service: RunningKinesis;
  beforeAll(async () => {
    service = await EMULATORS[name]();
  });
  afterAll(() => service.stop());

  it('is read in order, what was put before and what is put meanwhile, with a consumer registered for it', async () => {
    const settings = awsSettings(service.endpoint);
    const kinesis = createKinesisApi(settings, { clock });
    const fanOut = createFanOutApi(settings, { clock });
    const writer = createKinesisPutApi(settings, { clock });
    await createStream(service.endpoint);
    const put = (first: number, count: number) =>
      writer.putRecords(
        STREAM,
        Array.from({ length: count }, (_, n) => ({ data: Buffer.from(`${first + n}`), partitionKey: 'key' })),
      );
    const retrieval = new StreamRetrieval({
      kinesis,
      fanOut: () => fanOut,
      stream: STREAM,
      label: STREAM.name,
      streamArn: async () => (await kinesis.describeStream(STREAM)).arn,
      settings: {
        mode: 'auto',
        consumer: { name: 'app' },
        lifecycle: 'external',
        registrationAttempts: 3,
        activeTimeout: 10_000,
        eventTimeout: 10_000,
      },
      numRetries: 3,
      requestTimeout: 5000,
      maxRecordsPerRead: 100,
      maxReadsPerSecond: 4,
      retry: { clock, random: systemRandom, bounds: { initialMs: 50, maxMs: 500 } },
      logger: silentLogger,
    });
    await retrieval.decide(signal);
    expect(retrieval.consumer).toBeDefined();
    await put(0, 50);
    const { shards } = await kinesis.listShards(STREAM, {});
    const reader = retrieval.openReader({
      shardId: shards[0]?.shardId ?? '',
      start: { type: 'TRIM_HORIZON' },
    });
    const texts: string[] = [];
    for (let next = 50; texts.length < 100; ) {
      const { records } = await reader.read(signal, async () => undefined);
      texts.push(...records.map(({ data }) => Buffer.from(data).toString()));
      if (texts.length >= 50 && next < 100) {
        await put(next, 50);
        next = 100;
      }
    }
    expect(texts).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`));
    reader.close();
    for (const client of [kinesis, fanOut, writer]) {
      client.close();
    }
  });
});

async function createStream(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' };
  const client = new KinesisClient({
    endpoint,
    region: 'us-east-1',
    credentials,
    // HTTP/1.1, which is all that kinesis-local speaks well.
    requestHandler: new NodeHttpHandler(),
  });
  await client.send(new CreateStreamCommand({ StreamName: STREAM.name, ShardCount: 1 }));
  const status = async () =>
    (await client.send(new DescribeStreamSummaryCommand({ StreamName: STREAM.name })))
      .StreamDescriptionSummary?.StreamStatus;
  while ((await status()) !== 'ACTIVE') {
    await sleep(clock, 10);
  }
  client.destroy();
}
