import { CreateStreamCommand } from '@aws-sdk/client-kinesis';
import { type Emulator, startEmulator } from '../../src/emulator';
import { seededRandom } from '../../src/util/random';
import { EMULATORS, type EmulatorName, type RunningKinesis } from '../contract/kinesis/emulators';
import { Lab } from '../contract/kinesis/lab';
import { type Delivered, DeliveryCheck, faultless } from '../support/delivery-check';
import type { PutEntry } from '../support/kinesis-fill';
import { type FollowedRecord, StreamFollower } from '../support/stream-follower';
import { type ExportedMessage, exportMessages } from '../support/topic-export';

// kinesis-local takes its time on a busy machine.
jest.setTimeout(60_000);

const MIB = 1024 * 1024;

interface ExportOptions {
  readonly stream: string;
  readonly messages: readonly ExportedMessage[];
  readonly configs?: { readonly [option: string]: unknown };
}

const ORDERED = { retainOrdering: true };

/** A Kinesis of some kind, and its stream read back by a client that is not ours. */
class Exporter {
  readonly #lab: Lab;

  constructor(private readonly endpoint: string) {
    this.#lab = new Lab(endpoint);
  }

  close(): void {
    this.#lab.close();
  }

  stream(shards: number): Promise<string> {
    return this.#lab.stream(shards);
  }

  /** A new stream that takes records of `maxRecordBytes`. */
  async largeStream(maxRecordBytes: number): Promise<string> {
    const StreamName = this.#lab.newName();
    const MaxRecordSizeInKiB = maxRecordBytes / 1024;
    await this.#lab.client.send(new CreateStreamCommand({ StreamName, ShardCount: 1, MaxRecordSizeInKiB }));
    await this.#lab.settled(StreamName);
    return StreamName;
  }

  /** Runs a sink until the topic is exported and acknowledged. @returns what the stream holds then */
  async export({ stream, messages, configs }: ExportOptions): Promise<FollowedRecord[]> {
    await exportMessages(this.endpoint, stream, messages, configs);
    const records: FollowedRecord[] = [];
    const follower = await StreamFollower.open(this.#lab.client, stream, (record) => records.push(record));
    await follower.readToEnd();
    return records;
  }
}

/** Numbered records of random bytes over so many keys, of which one has a twentieth of all. */
function numbered(count: number, keys: number, bytes = 60): PutEntry[] {
  const random = seededRandom(count);
  return Array.from({ length: count }, (_, number) => {
    const payload = Buffer.from(random.hex(bytes), 'hex');
    payload.writeUInt32BE(number);
    return { key: number % 20 === 0 ? 'busy' : `schlüssel-${number % keys}`, payload };
  });
}

const numberOf = ({ payload }: Delivered): number | undefined =>
  payload.length < 4 ? undefined : Buffer.from(payload).readUInt32BE();

function reportOf(sent: readonly PutEntry[], arrived: readonly Delivered[]) {
  const check = new DeliveryCheck(sent, numberOf);
  for (const record of arrived) {
    check.add(record);
  }
  return check.report();
}

const perfect = (count: number) => ({ ...faultless(count), arrived: count, duplicated: [] });

describe.each(['ours', 'kinesalite', 'kinesis-local'] satisfies EmulatorName[])('into %s', (name) => {
  let kinesis: RunningKinesis;
  let exporter: Exporter;

  beforeAll(async () => {
    kinesis = await EMULATORS[name]();
    exporter = new Exporter(kinesis.endpoint);
  });

  afterAll(async () => {
    exporter.close();
    await kinesis.stop();
  });

  test('every record is stored once, in the order of its key, byte for byte', async () => {
    const messages = numbered(2000, 100);
    const records = await exporter.export({ stream: await exporter.stream(4), messages, configs: ORDERED });
    expect(reportOf(messages, records)).toEqual(perfect(messages.length));
    expect(new Set(records.map(({ shardId }) => shardId)).size).toBe(4);
  });

  test('records of 1 MiB are stored beside small ones', async () => {
    const messages = numbered(5, 4).map((entry, index) => {
      const bytes = index % 2 === 0 ? MIB - Buffer.byteLength(entry.key) : 60;
      const payload = Buffer.alloc(bytes, index);
      payload.writeUInt32BE(index);
      return { ...entry, payload };
    });
    const records = await exporter.export({ stream: await exporter.stream(2), messages, configs: ORDERED });
    expect(reportOf(messages, records)).toEqual(perfect(messages.length));
  });

  test('records without a key are spread over all shards', async () => {
    const messages = numbered(2000, 1).map(({ payload }) => ({ payload }));
    const records = await exporter.export({ stream: await exporter.stream(4), messages });
    expect(new Set(records.map(numberOf)).size).toBe(messages.length);
    const perShard = new Map<string, number>();
    for (const { shardId } of records) {
      perShard.set(shardId, (perShard.get(shardId) ?? 0) + 1);
    }
    // Six standard deviations of the even spread.
    expect([...perShard.values()].filter((count) => Math.abs(count - 500) < 116)).toHaveLength(4);
  });
});

describe('into ours', () => {
  let emulator: Emulator;
  let exporter: Exporter;

  beforeAll(async () => {
    emulator = await startEmulator({ random: seededRandom(5) });
    exporter = new Exporter(emulator.kinesisEndpoint);
  });

  afterEach(() => emulator.faults.clear());

  afterAll(async () => {
    exporter.close();
    await emulator.close();
  });

  test.each(['ProvisionedThroughputExceededException', 'InternalFailure'] as const)(
    'entries refused with %s are sent again, alone and in the order of their key',
    async (errorCode) => {
      const refusals = emulator.faults.add({
        operation: 'PutRecords',
        fault: { kind: 'refuse-entries', share: 0.3, errorCode },
      });
      const messages = numbered(2000, 200);
      const records = await exporter.export({ stream: await exporter.stream(4), messages, configs: ORDERED });
      expect(refusals.hits).toBeGreaterThan(0);
      expect(reportOf(messages, records)).toEqual(perfect(messages.length));
    },
  );

  test('records of 10 MiB are stored where the stream allows them', async () => {
    const messages = numbered(3, 4).map((entry, index) => {
      const payload = Buffer.alloc(10 * MIB - Buffer.byteLength(entry.key), index);
      payload.writeUInt32BE(index);
      return { ...entry, payload };
    });
    const stream = await exporter.largeStream(10 * MIB);
    const records = await exporter.export({ stream, messages, configs: ORDERED });
    expect(reportOf(messages, records)).toEqual(perfect(messages.length));
  });

  test.each([
    ['FULL_MESSAGE_IN_JSON', (data: Buffer) => Buffer.from(JSON.parse(`${data}`).payloadBase64, 'base64')],
    [
      'FULL_MESSAGE_IN_JSON_EXPAND_VALUE',
      (data: Buffer) => Buffer.from(JSON.parse(`${data}`).payload, 'base64'),
    ],
    ['FULL_MESSAGE_IN_FB', (data: Buffer) => data.subarray(data.indexOf('number='))],
  ])('%s holds the payload', async (messageFormat, payloadOf) => {
    const messages = Array.from({ length: 20 }, (_, number) => ({
      key: 'k',
      payload: Buffer.from(`number=${number}.`),
    }));
    const configs = { ...ORDERED, messageFormat };
    const records = await exporter.export({ stream: await exporter.stream(1), messages, configs });
    const payloads = records.map(({ payload }) => payloadOf(Buffer.from(payload)).toString());
    expect(payloads.map((text) => text.slice(0, text.indexOf('.') + 1))).toEqual(
      messages.map(({ payload }) => payload.toString()),
    );
  });
});
