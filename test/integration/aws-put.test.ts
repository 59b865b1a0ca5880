import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { dirname, join } from 'node:path';
import { mayHaveTakenEffect } from '../../src/aws/classify';
import { createDynamoApi } from '../../src/aws/dynamo-client';
import type { KinesisPutApi, PutEntry } from '../../src/aws/kinesis-api';
import { createKinesisPutApi } from '../../src/aws/kinesis-put-client';
import type { AwsSettings } from '../../src/config/types';
import { type Emulator, type Fault, startEmulator } from '../../src/emulator';
import type { ErrorCode } from '../../src/errors';
import { systemClock } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';
import { awsSettings } from '../support/aws-settings';

const STREAM = { name: 'orders' };
const ENTRIES: readonly PutEntry[] = [
  { data: Buffer.from('a'), partitionKey: 'a' },
  { data: Buffer.from('b'), partitionKey: 'b' },
];

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) {
    await release();
  }
});

function putApi(endpoint: string, overrides: Partial<AwsSettings> = {}): KinesisPutApi {
  const api = createKinesisPutApi(awsSettings(endpoint, overrides), { clock: systemClock });
  releases.push(() => api.close());
  return api;
}

async function listening(server: Server & { closeAllConnections(): void }): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releases.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A service of one answer. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => listener(request, response));
  });
  return `http://127.0.0.1:${await listening(server)}`;
}

const json = (response: ServerResponse, answer: object, status = 200): void => {
  const body = JSON.stringify(answer);
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'content-length': body.length });
  response.end(body);
};

/** What a put fails with. */
async function failureOf(put: Promise<unknown>): Promise<unknown> {
  try {
    return await put;
  } catch (error) {
    return error;
  }
}

describe('a put that fails', () => {
  let emulator: Emulator;
  beforeEach(async () => {
    emulator = await startEmulator();
    emulator.kinesis.call('CreateStream', { StreamName: STREAM.name, ShardCount: 1 });
    releases.push(() => emulator.close());
  });

  const error = (type: string, status = 400, message = 'said the service'): Fault => ({
    kind: 'error',
    type,
    status,
    message,
  });

  it.each<[string, Fault, ErrorCode, boolean]>([
    ['is throttled', error('ProvisionedThroughputExceededException'), 'AWS_THROTTLED', false],
    ['meets a limit', error('LimitExceededException'), 'AWS_THROTTLED', false],
    ['is throttled by KMS', error('KMSThrottlingException'), 'AWS_THROTTLED', false],
    ['meets a disabled key', error('KMSDisabledException'), 'KINESIS_KMS', false],
    ['is not allowed', error('AccessDeniedException'), 'AWS_ACCESS_DENIED', false],
    ['is not valid', error('ValidationException'), 'AWS_REQUEST_REFUSED', false],
    ['has a wrong argument', error('InvalidArgumentException'), 'AWS_REQUEST_REFUSED', false],
    ['meets no stream', error('ResourceNotFoundException'), 'KINESIS_STREAM_NOT_FOUND', false],
    ['is refused for a new reason', error('Unheard'), 'AWS_UNKNOWN', false],
    ['is too slow for the service', error('RequestTimeout', 408), 'AWS_TIMEOUT', true],
    ['meets a failing service', error('InternalFailure', 500), 'AWS_UNAVAILABLE', true],
    ['meets an absent service', error('ServiceUnavailable', 503), 'AWS_UNAVAILABLE', true],
    ['is cut off', { kind: 'disconnect', applied: true }, 'AWS_UNAVAILABLE', true],
    ['is never answered', { kind: 'silence', applied: false }, 'AWS_TIMEOUT', true],
  ])('because it %s says so, and whether it may have had an effect', async (_why, fault, code, effect) => {
    emulator.faults.add({ operation: 'PutRecords', fault });
    // Only what is never answered may wait for it: a busy machine takes its time.
    const requestTimeout = fault.kind === 'silence' ? 200 : 10_000;
    const api = putApi(emulator.kinesisEndpoint, { requestTimeout });
    const failure = await failureOf(api.putRecords(STREAM, ENTRIES));
    expect(failure).toMatchObject({ code });
    expect(mayHaveTakenEffect(failure)).toBe(effect);
  });

  it('is tried once only', async () => {
    const rule = emulator.faults.add({ operation: 'PutRecords', fault: error('InternalFailure', 500) });
    await failureOf(putApi(emulator.kinesisEndpoint).putRecords(STREAM, ENTRIES));
    expect(rule.hits).toBe(1);
  });

  it('for want of a right names action and stream', async () => {
    emulator.faults.add({ operation: 'PutRecords', fault: error('AccessDeniedException', 400, 'no') });
    expect(await failureOf(putApi(emulator.kinesisEndpoint).putRecords(STREAM, ENTRIES))).toMatchObject({
      hint: 'Grant kinesis:PutRecords on orders to the role in use.',
    });
  });

  it('for want of a key names the right that writing needs', async () => {
    emulator.faults.add({ operation: 'PutRecords', fault: error('KMSAccessDeniedException') });
    expect(await failureOf(putApi(emulator.kinesisEndpoint).putRecords(STREAM, ENTRIES))).toMatchObject({
      hint: expect.stringContaining('kms:GenerateDataKey'),
    });
  });

  it('because its signal fired ends with the reason of the signal, before and after it was sent', async () => {
    const rule = emulator.faults.add({ operation: 'PutRecords', fault: { kind: 'silence', applied: false } });
    const api = putApi(emulator.kinesisEndpoint);
    const stop = new AbortController();
    const put = failureOf(api.putRecords(STREAM, ENTRIES, { signal: stop.signal }));
    await rule.reached(1);
    const reason = new Error('stopped');
    stop.abort(reason);
    expect(await put).toBe(reason);
    expect(await failureOf(api.putRecords(STREAM, ENTRIES, { signal: stop.signal }))).toBe(reason);
    expect(rule.hits).toBe(1);
  });

  it('because nobody listens had no effect, also where a name has several addresses', async () => {
    await emulator.close();
    for (const host of ['127.0.0.1', 'localhost']) {
      const api = putApi(`http://${host}:${emulator.kinesisPort}`);
      const failure = await failureOf(api.putRecords(STREAM, ENTRIES));
      expect(failure).toMatchObject({ code: 'AWS_UNAVAILABLE' });
      expect(mayHaveTakenEffect(failure)).toBe(false);
    }
  });

  it('because it got no connection in time had no effect', async () => {
    const held = emulator.faults.add({ operation: 'PutRecords', fault: { kind: 'silence', applied: false } });
    const api = putApi(emulator.kinesisEndpoint, {
      maxSockets: 1,
      connectTimeout: 100,
      requestTimeout: 1_000,
    });
    const first = failureOf(api.putRecords(STREAM, ENTRIES));
    await held.reached(1);
    const second = await failureOf(api.putRecords(STREAM, ENTRIES));
    expect(second).toMatchObject({ code: 'AWS_TIMEOUT' });
    expect(mayHaveTakenEffect(second)).toBe(false);
    expect(mayHaveTakenEffect(await first)).toBe(true);
  });
});

describe('a put', () => {
  const MIB = 1024 * 1024;
  let emulator: Emulator;
  beforeEach(async () => {
    emulator = await startEmulator();
    emulator.kinesis.call('CreateStream', {
      StreamName: STREAM.name,
      ShardCount: 2,
      MaxRecordSizeInKiB: 10_240,
    });
    releases.push(() => emulator.close());
  });

  const ends = ['0', ((1n << 128n) - 1n).toString()];
  const spread = (count: number): PutEntry[] =>
    Array.from({ length: count }, (_, index) => ({
      data: Buffer.from(String(index)),
      partitionKey: 'key',
      explicitHashKey: ends[index % 2] ?? '',
    }));

  it('arrives as it was, whatever its size and those before it or beside it', async () => {
    const heard: string[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.once('end', () => {
        const { Records } = JSON.parse(Buffer.concat(chunks).toString()) as { Records: { Data: string }[] };
        heard.push(...Records.map(({ Data }) => Buffer.from(Data, 'base64').toString()));
        json(response, { Records: Records.map(() => ({ ShardId: 's', SequenceNumber: '49' })) });
      });
    });
    const endpoint = `http://127.0.0.1:${await listening(server)}`;
    const api = putApi(endpoint, { maxSockets: 4 });
    const sent: string[] = [];
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        [300_000, 10, 700_000, 70_000].map((size, place) => {
          const data = String.fromCharCode(0x41 + round * 4 + place).repeat(size);
          sent.push(data);
          return api.putRecords(STREAM, [{ data: Buffer.from(data), partitionKey: 'key' }]);
        }),
      );
    }
    expect(heard.sort()).toEqual(sent.sort());
  });

  it('of which a shard refuses a part tells of each entry, in order, and stores the others', async () => {
    emulator.kinesis.limitWrites({ recordsPerSecond: 10, bytesPerSecond: MIB });
    const api = putApi(emulator.kinesisEndpoint);
    const results = await api.putRecords(STREAM, spread(30));
    expect(results.map((result) => (result.accepted ? Number(result.shardId.slice(-1)) : 'refused'))).toEqual(
      Array.from({ length: 30 }, (_, index) => (index < 20 ? index % 2 : 'refused')),
    );
    expect(results[20]).toEqual({
      accepted: false,
      errorCode: 'ProvisionedThroughputExceededException',
      errorMessage:
        'Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000.',
    });
  });

  it('carries a record of 10 MiB where the stream takes it', async () => {
    const api = putApi(emulator.kinesisEndpoint);
    expect((await api.describeStream(STREAM)).maxRecordBytes).toBe(10 * MIB);
    const data = Buffer.alloc(10 * MIB - 3, 7);
    const [result] = await api.putRecords(STREAM, [{ data, partitionKey: 'key', explicitHashKey: '0' }]);
    expect(result).toMatchObject({ accepted: true });
    const { ShardIterator } = emulator.kinesis.call('GetShardIterator', {
      StreamName: STREAM.name,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    });
    const [record] = emulator.kinesis.call('GetRecords', { ShardIterator }).Records;
    expect(Buffer.from(record?.Data ?? '', 'base64').equals(data)).toBe(true);
  });

  it('of more than 10 MiB is refused', async () => {
    const entry = { data: Buffer.alloc(MIB), partitionKey: 'key' };
    const failure = await failureOf(
      putApi(emulator.kinesisEndpoint).putRecords(STREAM, new Array<PutEntry>(11).fill(entry)),
    );
    expect(failure).toMatchObject({ code: 'AWS_REQUEST_REFUSED' });
    expect(mayHaveTakenEffect(failure)).toBe(false);
  });
});

describe('an answer to a put', () => {
  const result = { ShardId: 'shardId-000000000000', SequenceNumber: '49' };

  it.each<[string, RequestListener, ErrorCode]>([
    ['does not fit the request', (_, response) => json(response, { Records: [result] }), 'AWS_UNKNOWN'],
    ['is no JSON', (_, response) => response.end('<html>'), 'AWS_UNKNOWN'],
    ['is empty', (_, response) => response.end(), 'AWS_UNKNOWN'],
    [
      'breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{"Records":[');
        response.socket?.end();
      },
      'AWS_UNAVAILABLE',
    ],
    [
      'stops halfway',
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{"Records":[');
      },
      'AWS_TIMEOUT',
    ],
  ])('that %s leaves open whether there was an effect', async (_what, listener, code) => {
    const api = putApi(await serve(listener), { requestTimeout: 200 });
    const failure = await failureOf(api.putRecords(STREAM, ENTRIES));
    expect(failure).toMatchObject({ code });
    expect(mayHaveTakenEffect(failure)).toBe(true);
  });

  it('is read while others are under way, each on a connection that is used again', async () => {
    let sockets = 0;
    const all = deferred<void>();
    let waiting = 0;
    const server = createServer((request, response) => {
      request.resume();
      request.once('end', async () => {
        if (++waiting >= 3) {
          all.resolve();
        }
        await all.promise;
        json(response, { Records: [result, result] });
      });
    });
    server.on('connection', () => sockets++);
    const api = putApi(`http://127.0.0.1:${await listening(server)}`, { maxSockets: 3 });
    for (let round = 0; round < 3; round++) {
      await Promise.all([1, 2, 3].map(() => api.putRecords(STREAM, ENTRIES)));
    }
    expect(sockets).toBe(3);
  });
});

describe('a certificate that nobody vouches for', () => {
  /** The certificate that comes with kinesalite. */
  const pem = (name: string): Buffer =>
    readFileSync(join(dirname(require.resolve('kinesalite/package.json')), 'ssl', `${name}.pem`));

  async function tlsService(): Promise<string> {
    const server = createTlsServer(
      { key: pem('server-key'), cert: pem('server-crt') },
      (request, response) => {
        request.resume();
        const result = { ShardId: 'shardId-000000000000', SequenceNumber: '49' };
        request.once('end', () => json(response, { Records: [result, result] }));
      },
    );
    return `https://127.0.0.1:${await listening(server)}`;
  }

  it('is refused', async () => {
    const failure = await failureOf(putApi(await tlsService()).putRecords(STREAM, ENTRIES));
    expect(failure).toMatchObject({ code: 'AWS_TLS' });
  });

  it('is accepted by every client when verifyCertificates is false', async () => {
    const endpoint = await tlsService();
    const api = putApi(endpoint, { verifyCertificates: false });
    expect(await api.putRecords(STREAM, ENTRIES)).toHaveLength(2);
    const dynamo = createDynamoApi(awsSettings(endpoint, { verifyCertificates: false }), {
      clock: systemClock,
    });
    releases.push(() => dynamo.close());
    expect(await dynamo.getItem({ TableName: 'leases', Key: {} })).toBeUndefined();
  });
});
