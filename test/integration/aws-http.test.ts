import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDynamoApi } from '../../src/aws/dynamo-client';
import type { GetRecordsOptions } from '../../src/aws/kinesis-api';
import { createKinesisApi } from '../../src/aws/kinesis-client';
import type { AwsSettings } from '../../src/config/types';
import { ConnectorError } from '../../src/errors';
import { systemClock } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';
import { awsSettings, secret } from '../support/aws-settings';
import { settle } from '../support/manual-clock';

const STREAM = { name: 'orders' };
const BODY = JSON.stringify({
  Records: [
    {
      Data: Buffer.from([0, 255, 128, 10]).toString('base64'),
      PartitionKey: 'key',
      SequenceNumber: '49',
      ApproximateArrivalTimestamp: 1_700_000_000.123,
    },
  ],
  NextShardIterator: 'next',
  MillisBehindLatest: 7,
});

const releases: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) {
    await release();
  }
});

/** A service of one answer; what HTTP does is the matter here. */
async function serve(listener: RequestListener): Promise<{ endpoint: string; sockets: () => number }> {
  let sockets = 0;
  const server: Server = createServer((request, response) => {
    request.resume();
    request.once('end', () => listener(request, response));
  });
  server.on('connection', () => sockets++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releases.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets: () => sockets };
}

const json = (response: ServerResponse, body: string, status = 200): void => {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
};

function kinesis(settings: AwsSettings) {
  const api = createKinesisApi(settings, { clock: systemClock });
  releases.push(() => api.close());
  return api;
}

const getRecords = (settings: AwsSettings, options?: GetRecordsOptions) =>
  kinesis(settings).getRecords(STREAM, { iterator: 'i', limit: 10 }, options);

describe('answers of GetRecords', () => {
  it('arrive byte for byte, with instants in milliseconds', async () => {
    const { endpoint } = await serve((_request, response) => {
      response.setHeader('date', 'Tue, 14 Nov 2023 22:13:21 GMT');
      json(response, BODY);
    });
    expect(await getRecords(awsSettings(endpoint))).toEqual({
      records: [
        {
          data: Buffer.from([0, 255, 128, 10]),
          partitionKey: 'key',
          sequenceNumber: '49',
          approximateArrival: 1_700_000_000_123,
          encryptionType: 'NONE',
        },
      ],
      nextIterator: 'next',
      millisBehindLatest: 7,
      serviceTime: 1_700_000_001_000,
      childShards: [],
    });
  });

  it('stay in the socket until admitted: a server that sends more than fits is held up', async () => {
    const megabytes = 64;
    let sent = 0;
    const drained = deferred<void>();
    const { endpoint } = await serve((_request, response) => {
      const chunk = Buffer.alloc(1 << 20, 0x20);
      response.writeHead(200, { 'content-length': megabytes * chunk.length + BODY.length });
      const pump = (): void => {
        while (sent < megabytes) {
          sent++;
          if (!response.write(chunk)) {
            drained.resolve();
            response.once('drain', pump);
            return;
          }
        }
        response.end(BODY);
      };
      pump();
    });
    const asked = deferred<number>();
    const room = deferred<void>();
    const reading = getRecords(awsSettings(endpoint), {
      admit: (bytes) => {
        asked.resolve(bytes);
        return room.promise;
      },
    });
    expect(await asked.promise).toBe(megabytes * (1 << 20) + BODY.length);
    await drained.promise;
    expect(sent).toBeLessThan(megabytes / 2);
    room.resolve();
    expect((await reading).records).toHaveLength(1);
    expect(sent).toBe(megabytes);
  });

  it('without a length are admitted as 0', async () => {
    const { endpoint } = await serve((_request, response) => {
      response.writeHead(200);
      response.write(BODY.slice(0, 20));
      response.end(BODY.slice(20));
    });
    const asked: number[] = [];
    const options = {
      admit: async (bytes: number) => {
        asked.push(bytes);
      },
    };
    expect((await getRecords(awsSettings(endpoint), options)).records).toHaveLength(1);
    expect(asked).toEqual([0]);
  });

  it('are abandoned, connection and all, when admission is refused; the error comes through untouched', async () => {
    const closed = deferred<void>();
    const { endpoint } = await serve((request, response) => {
      request.socket.once('close', () => closed.resolve());
      response.writeHead(200, { 'content-length': 1 << 20 });
      response.flushHeaders();
    });
    const refusal = Object.freeze(new Error('no room'));
    await expect(getRecords(awsSettings(endpoint), { admit: () => Promise.reject(refusal) })).rejects.toBe(
      refusal,
    );
    await closed.promise;
  });

  it('are given up when the connection breaks while admission is waited for', async () => {
    const { endpoint } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': 1 << 20 });
      response.write('{');
      cut = () => request.socket.destroy();
      request.socket.once('close', () => closed.resolve());
    });
    const closed = deferred<void>();
    let cut = (): void => undefined;
    const broken = getRecords(awsSettings(endpoint), {
      admit: async () => {
        cut();
        await closed.promise;
        await settle();
      },
    });
    await expect(broken).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  });

  it('are not waited for once the signal fires, before the headers, at admission or halfway through', async () => {
    const places: { readonly [place: string]: RequestListener } = {
      headers: () => undefined,
      body: (_request, response) => {
        response.writeHead(200, { 'content-length': 1_000 });
        response.write('{"Records":[');
      },
    };
    const reason = new ConnectorError('LEASE_LOST', 'gone');
    for (const [place, listener] of Object.entries(places)) {
      const arrived = deferred<void>();
      const { endpoint } = await serve((request, response) => {
        listener(request, response);
        arrived.resolve();
      });
      const stop = new AbortController();
      const reading = getRecords(awsSettings(endpoint), { signal: stop.signal });
      await arrived.promise;
      stop.abort(reason);
      await expect(reading).rejects.toBe(reason);
      if (place === 'body') {
        const held = new AbortController();
        const admitting = deferred<void>();
        const waiting = getRecords(awsSettings(endpoint), {
          signal: held.signal,
          admit: () => {
            admitting.resolve();
            return new Promise(() => undefined);
          },
        });
        await admitting.promise;
        held.abort(reason);
        await expect(waiting).rejects.toBe(reason);
      }
    }
  });
});

describe('a failing service', () => {
  const impatient = (endpoint: string): AwsSettings => awsSettings(endpoint, { requestTimeout: 200 });
  const cases: readonly [string, (request: IncomingMessage, response: ServerResponse) => void, string][] = [
    ['never answers', () => undefined, 'AWS_TIMEOUT'],
    [
      'stops halfway through the body',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 1_000 });
        response.write('{');
      },
      'AWS_TIMEOUT',
    ],
    ['cuts the connection before the answer', (request) => request.socket.destroy(), 'AWS_UNAVAILABLE'],
    [
      'cuts the connection halfway through the body',
      (request, response) => {
        response.writeHead(200, { 'content-length': 1_000 });
        response.write('{', () => request.socket.destroy());
      },
      'AWS_UNAVAILABLE',
    ],
    [
      'stands behind a proxy that answers in HTML',
      (_request, response) => json(response, '<html>bad gateway</html>', 502),
      'AWS_UNAVAILABLE',
    ],
    [
      'throttles',
      (_request, response) => json(response, '{"__type":"ProvisionedThroughputExceededException"}', 400),
      'AWS_THROTTLED',
    ],
    [
      'names its error with a namespace',
      (_request, response) =>
        json(response, '{"__type":"com.amazonaws.kinesis#ExpiredIteratorException"}', 400),
      'KINESIS_ITERATOR_EXPIRED',
    ],
  ];

  it.each(cases)('that %s is asked once and reported', async (_what, listener, code) => {
    let calls = 0;
    const { endpoint } = await serve((request, response) => {
      calls++;
      listener(request, response);
    });
    await expect(getRecords(impatient(endpoint))).rejects.toMatchObject({ code });
    expect(calls).toBe(1);
  });

  it('that does not listen is unavailable', async () => {
    const { endpoint } = await serve(() => undefined);
    await releases.splice(0)[0]?.();
    await expect(getRecords(awsSettings(endpoint))).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  });
});

describe('connections', () => {
  it('are kept over calls', async () => {
    const { endpoint, sockets } = await serve((_request, response) => json(response, BODY));
    const api = kinesis(awsSettings(endpoint));
    for (let call = 0; call < 20; call++) {
      await api.getRecords(STREAM, { iterator: 'i', limit: 1 }, { admit: async () => undefined });
    }
    expect(sockets()).toBe(1);
  });
});

describe('answers that wait for admission', () => {
  it('hold up no other call, whatever number of connections is kept', async () => {
    const { endpoint } = await serve((_request, response) => json(response, BODY));
    const api = kinesis(awsSettings(endpoint, { maxSockets: 1 }));
    const room = deferred<void>();
    const waiting = Array.from({ length: 5 }, async () => {
      const asked = deferred<void>();
      const admit = (): Promise<void> => {
        asked.resolve();
        return room.promise;
      };
      const answer = api.getRecords(STREAM, { iterator: 'i', limit: 1 }, { admit });
      await asked.promise;
      return { answer };
    });
    const held = await Promise.all(waiting);
    expect((await api.getRecords(STREAM, { iterator: 'i', limit: 1 })).records).toHaveLength(1);
    room.resolve();
    for (const { answer } of held) {
      expect((await answer).records).toHaveLength(1);
    }
  });
});

describe('credentials', () => {
  const header = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '');

  it('are signed with, session token included; user agent names us', async () => {
    let seen: IncomingMessage | undefined;
    const { endpoint } = await serve((request, response) => {
      seen = request;
      json(response, BODY);
    });
    const credentials = {
      type: 'static',
      accessKeyId: secret('AKID1'),
      secretAccessKey: secret('s'),
      sessionToken: secret('token-1'),
    } as const;
    await getRecords(awsSettings(endpoint, { credentials, region: 'eu-central-1' }));
    const request = seen as IncomingMessage;
    expect(header(request, 'authorization')).toContain('Credential=AKID1/');
    expect(header(request, 'authorization')).toContain('/eu-central-1/kinesis/');
    expect(header(request, 'x-amz-security-token')).toBe('token-1');
    expect(header(request, 'user-agent')).toContain('pulsar-io-kinesis');
  });

  it('of an assumed role are fetched once from the STS endpoint, with the base credentials', async () => {
    const form: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        if (!body.includes('Action=AssumeRole')) {
          json(response, BODY);
          return;
        }
        form.push(`${body} ${header(request, 'authorization')}`);
        response.setHeader('content-type', 'text/xml');
        response.end(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
          <Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>r</SecretAccessKey>
          <SessionToken>role-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
          <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><AssumedRoleId>x</AssumedRoleId></AssumedRoleUser>
          </AssumeRoleResult></AssumeRoleResponse>`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    releases.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    });
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const api = kinesis(
      awsSettings(endpoint, {
        credentials: {
          type: 'assumeRole',
          roleArn: 'arn:aws:iam::123456789012:role/reader',
          roleSessionName: 'session-1',
          durationSeconds: 900,
          externalId: 'external-1',
          base: { type: 'static', accessKeyId: secret('AKIDBASE'), secretAccessKey: secret('b') },
        },
      }),
    );
    await api.getRecords(STREAM, { iterator: 'i', limit: 1 });
    await api.getRecords(STREAM, { iterator: 'i', limit: 1 });
    expect(form).toHaveLength(1);
    expect(form[0]).toMatch(/RoleSessionName=session-1/);
    expect(form[0]).toMatch(/DurationSeconds=900/);
    expect(form[0]).toMatch(/ExternalId=external-1/);
    expect(form[0]).toMatch(/Credential=AKIDBASE\//);
  });

  it('of DynamoDB may be others', async () => {
    let authorization = '';
    const { endpoint } = await serve((request, response) => {
      authorization = header(request, 'authorization');
      json(response, '{}');
    });
    const dynamoCredentials = {
      type: 'static',
      accessKeyId: secret('AKIDTABLE'),
      secretAccessKey: secret('d'),
    } as const;
    const api = createDynamoApi(awsSettings(endpoint, { dynamoCredentials }), { clock: systemClock });
    releases.push(() => api.close());
    await api.getItem({ TableName: 'leases', Key: { leaseKey: { S: 'shard' } } });
    expect(authorization).toContain('Credential=AKIDTABLE/');
  });
});
