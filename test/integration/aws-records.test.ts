import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cbor } from '@smithy/core/cbor';
import { createKinesisApi, type KinesisDependencies } from '../../src/aws/kinesis-client';
import { systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { awsSettings } from '../support/aws-settings';
import { CBOR_SPELLINGS, cborBody, jsonBody } from '../support/records-bodies';

const ANSWER = {
  records: [
    {
      data: Buffer.from([0, 255, 10]),
      partitionKey: 'key',
      sequenceNumber: '49',
      arrival: 1_700_000_000_123,
      encryptionType: 'KMS',
    },
  ],
  next: 'next',
  behind: 7,
  children: [],
  style: 0,
} as const;
const READ = {
  records: [
    {
      data: Buffer.from([0, 255, 10]),
      partitionKey: 'key',
      sequenceNumber: '49',
      approximateArrival: 1_700_000_000_123,
      encryptionType: 'KMS',
    },
  ],
  nextIterator: 'next',
  millisBehindLatest: 7,
  childShards: [],
};

type Language = 'cbor' | 'json';
interface Reply {
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
}
interface Asked {
  readonly language: Language;
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

const inCbor: Reply = { body: cborBody(ANSWER, CBOR_SPELLINGS.AWS) };
const inJson: Reply = { body: jsonBody(ANSWER) };
const error = (language: Language, type: string, status = 400): Reply => {
  const members = { __type: type, message: 'why' };
  return {
    status,
    body: language === 'cbor' ? Buffer.from(cbor.serialize(members)) : JSON.stringify(members),
  };
};

const releases: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) {
    await release();
  }
});

/** A service, and a client of it. `replies` tells by language and by number of the call what is answered. */
async function start(
  replies: (language: Language, call: number) => Reply,
  deps: Partial<KinesisDependencies> = {},
) {
  const asked: Asked[] = [];
  const warnings: string[] = [];
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    const language = request.headers['content-type'] === 'application/x-amz-cbor-1.1' ? 'cbor' : 'json';
    asked.push({ language, request, body: Buffer.concat(chunks) });
    const { status = 200, headers = {}, body = '' } = replies(language, asked.length);
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const settings = awsSettings(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const logger = { ...silentLogger, warn: (_fields: object, message: string) => warnings.push(message) };
  const api = createKinesisApi(settings, { clock: systemClock, logger, ...deps });
  releases.push(async () => {
    api.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const read = (iterator = 'here', admit: (bytes: number) => Promise<void> = async () => undefined) =>
    api.getRecords({ name: 'orders', arn: 'arn:orders' }, { iterator, limit: 10_000 }, { admit });
  return { read, asked, warnings, languages: () => asked.map(({ language }) => language) };
}

describe('a service that speaks CBOR', () => {
  it('is asked in it from the first call on', async () => {
    const { read, asked } = await start(() => inCbor);
    expect(await read()).toMatchObject(READ);
    expect(await read()).toMatchObject(READ);
    expect(asked).toHaveLength(2);
    for (const { request, body } of asked) {
      expect(cbor.deserialize(body)).toEqual({
        ShardIterator: 'here',
        Limit: 10_000,
        StreamARN: 'arn:orders',
      });
      expect(request.headers.accept).toBe('application/x-amz-cbor-1.1');
      expect(request.headers['x-amz-target']).toBe('Kinesis_20131202.GetRecords');
      expect(request.headers.authorization).toMatch(/SignedHeaders=[^,]*content-type/);
    }
  });

  it.each([
    ['ProvisionedThroughputExceededException', 'AWS_THROTTLED'],
    ['ExpiredIteratorException', 'KINESIS_ITERATOR_EXPIRED'],
    ['com.amazonaws.kinesis#KMSDisabledException', 'KINESIS_KMS'],
    ['AccessDeniedException', 'AWS_ACCESS_DENIED'],
    ['ResourceNotFoundException', 'KINESIS_SHARD_NOT_FOUND'],
    ['InvalidArgumentException', 'KINESIS_POSITION_REFUSED'],
    ['InternalFailure', 'AWS_UNAVAILABLE'],
  ])('is asked once when it answers %s, which means %s in either language', async (type, code) => {
    for (const language of ['cbor', 'json'] as const) {
      const { read, asked } = await start((asking) => error(asking, type), { getRecordsProtocol: language });
      await expect(read()).rejects.toMatchObject({ code, cause: { message: 'why' } });
      expect(asked).toHaveLength(1);
    }
    const undecided = await start((asking) => error(asking, type));
    await expect(undecided.read()).rejects.toMatchObject({ code });
    expect(undecided.languages()).toEqual(['cbor']);
  });

  it('may name its error in a header only', async () => {
    const headers = { 'x-amzn-errortype': 'ExpiredIteratorException' };
    const { read } = await start(() => ({ status: 400, headers, body: Buffer.from(cbor.serialize({})) }));
    await expect(read()).rejects.toMatchObject({ code: 'KINESIS_ITERATOR_EXPIRED' });
  });
});

describe('a service that does not speak CBOR', () => {
  const refusals: readonly (readonly [string, Reply])[] = [
    ['SerializationException in JSON', error('json', 'SerializationException')],
    ['UnknownOperationException in CBOR', error('cbor', 'UnknownOperationException')],
    ['InvalidArgumentException in JSON', error('json', 'InvalidArgumentException')],
    ['404 and HTML', { status: 404, body: '<html>' }],
    ['415 and nothing', { status: 415 }],
    ['500 and HTML', { status: 500, body: '<html>' }],
  ];

  it.each(refusals)(
    'and answers %s is asked again in JSON in the same call, and from then on',
    async (_how, refusal) => {
      const { read, asked, languages, warnings } = await start((language) =>
        language === 'cbor' ? refusal : inJson,
      );
      expect(await read('one')).toMatchObject(READ);
      expect(await read('two')).toMatchObject(READ);
      expect(languages()).toEqual(['cbor', 'json', 'json']);
      expect(asked.slice(1).map(({ body }) => JSON.parse(body.toString()).ShardIterator)).toEqual([
        'one',
        'two',
      ]);
      expect(warnings).toEqual([]);
    },
  );

  it('and answers in JSON is understood at once', async () => {
    const { read, languages } = await start(() => inJson);
    expect(await read()).toMatchObject(READ);
    expect(await read()).toMatchObject(READ);
    expect(languages()).toEqual(['cbor', 'json']);
  });

  it('is not known by an error that JSON has as well', async () => {
    const { read, languages } = await start((language, call) =>
      call > 2 && language === 'cbor' ? inCbor : error('json', 'InvalidArgumentException'),
    );
    await expect(read()).rejects.toMatchObject({ code: 'KINESIS_POSITION_REFUSED' });
    expect(await read()).toMatchObject(READ);
    expect(languages()).toEqual(['cbor', 'json', 'cbor']);
  });

  it.each([
    ['503', { status: 503, body: '<html>' }, 'AWS_UNAVAILABLE'],
    ['429', { status: 429 }, 'AWS_THROTTLED'],
    ['throttling in JSON', error('json', 'ProvisionedThroughputExceededException'), 'AWS_THROTTLED'],
  ] as const)('is not known by %s', async (_what, reply, code) => {
    const { read, languages } = await start((_language, call) => (call === 1 ? reply : inCbor));
    await expect(read()).rejects.toMatchObject({ code });
    expect(await read()).toMatchObject(READ);
    expect(languages()).toEqual(['cbor', 'cbor']);
  });
});

describe('CBOR that makes no sense', () => {
  const broken: Reply = { body: cborBody(ANSWER, CBOR_SPELLINGS.AWS).subarray(0, -1) };

  it('is asked for again in JSON in the same call, whenever it comes; one warning says so', async () => {
    const admitted: number[] = [];
    const { read, languages, warnings } = await start((language, call) =>
      language === 'json' ? inJson : call === 1 ? inCbor : broken,
    );
    await read();
    const admit = async (bytes: number): Promise<void> => void admitted.push(bytes);
    expect(await read('here', admit)).toMatchObject(READ);
    await read();
    expect(languages()).toEqual(['cbor', 'cbor', 'json', 'json']);
    expect(warnings).toHaveLength(1);
    expect(admitted).toEqual([broken.body, inJson.body].map((body) => Buffer.byteLength(body ?? '')));
  });

  it('is warned of once, however many shards see it', async () => {
    const { read, warnings } = await start((language) => (language === 'json' ? inJson : broken));
    expect(await Promise.all([read(), read(), read()])).toMatchObject([READ, READ, READ]);
    expect(warnings).toHaveLength(1);
  });
});

describe('a protocol that is set', () => {
  it('is kept to: with cbor a refusal is an error', async () => {
    const { read, languages } = await start((language) => (language === 'cbor' ? { status: 415 } : inJson), {
      getRecordsProtocol: 'cbor',
    });
    await expect(read()).rejects.toMatchObject({ code: expect.any(String) });
    expect(languages()).toEqual(['cbor']);
  });

  it('is kept to: with cbor an answer that makes no sense is an error', async () => {
    const { read, languages } = await start(() => ({ body: Buffer.of(0xa1) }), {
      getRecordsProtocol: 'cbor',
    });
    await expect(read()).rejects.toMatchObject({ code: 'AWS_UNKNOWN' });
    expect(languages()).toEqual(['cbor']);
  });

  it('is kept to: with json nothing else is asked for', async () => {
    const { read, languages } = await start(() => inJson, { getRecordsProtocol: 'json' });
    expect(await read()).toMatchObject(READ);
    expect(languages()).toEqual(['json']);
  });
});
