import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import * as fc from 'fast-check';
import { createKinesisPutClient } from '../../../src/aws/clients';
import type { PutEntry } from '../../../src/aws/kinesis-api';
import { decodePutRecords, encodePutRecords } from '../../../src/aws/put-records-codec';
import { systemClock } from '../../../src/util/clock';
import { awsSettings } from '../../support/aws-settings';

/** Of every Unicode character: those that JSON escapes, those of one to four bytes. */
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
const entry: fc.Arbitrary<PutEntry> = fc
  .record({
    data: fc.uint8Array({ maxLength: 40 }),
    partitionKey: text,
    explicitHashKey: fc.option(fc.bigInt(0n, (1n << 128n) - 1n).map(String), { nil: undefined }),
  })
  .map(({ explicitHashKey, ...rest }) =>
    explicitHashKey === undefined ? rest : { ...rest, explicitHashKey },
  );
const request = fc.record({
  arn: fc.option(fc.constant('arn:aws:kinesis:us-east-1:000000000000:stream/orders'), { nil: undefined }),
  entries: fc.array(entry, { minLength: 1, maxLength: 6 }),
});

describe('the body of PutRecords', () => {
  it('is byte for byte what the AWS SDK sends', async () => {
    const bodies: Buffer[] = [];
    const service = createServer(async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) {
        chunks.push(chunk as Buffer);
      }
      bodies.push(Buffer.concat(chunks));
      response.end('{}');
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
    const sdk = createKinesisPutClient(awsSettings(endpoint), { clock: systemClock });
    try {
      await fc.assert(
        fc.asyncProperty(request, async ({ arn, entries }) => {
          await sdk.send(
            new PutRecordsCommand({
              StreamName: 'orders',
              ...(arn !== undefined && { StreamARN: arn }),
              Records: entries.map(({ data, partitionKey, explicitHashKey }) => ({
                Data: data,
                PartitionKey: partitionKey,
                ...(explicitHashKey !== undefined && { ExplicitHashKey: explicitHashKey }),
              })),
            }),
          );
          const ours = encodePutRecords({ name: 'orders', ...(arn !== undefined && { arn }) }, entries);
          expect(ours.toString()).toBe(bodies.pop()?.toString());
        }),
        { numRuns: 300 },
      );
    } finally {
      sdk.destroy();
      service.closeAllConnections();
      service.close();
    }
  });

  it('reads back as what was put, whatever view of a buffer the data is', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 10 }), fc.nat(8), (entries, offset) => {
        const shifted = entries.map(({ data, ...rest }) => {
          const room = new Uint8Array(data.length + offset);
          room.set(data, offset);
          return { ...rest, data: room.subarray(offset) };
        });
        const { StreamName, Records } = JSON.parse(encodePutRecords({ name: 'orders' }, shifted).toString());
        expect(StreamName).toBe('orders');
        expect(
          Records.map((one: { Data: string; PartitionKey: string; ExplicitHashKey?: string }) => [
            [...Buffer.from(one.Data, 'base64')],
            one.PartitionKey,
            one.ExplicitHashKey,
          ]),
        ).toEqual(entries.map((one) => [[...one.data], one.partitionKey, one.explicitHashKey]));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the answer of PutRecords', () => {
  const body = (answer: unknown): Buffer => Buffer.from(JSON.stringify(answer));

  it('says of every entry, in order, where it went or why not', () => {
    const Records = [
      { SequenceNumber: '1', ShardId: 'shardId-000000000000', ErrorCode: null, ErrorMessage: null },
      { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded.' },
      { SequenceNumber: '2', ShardId: 'shardId-000000000001' },
    ];
    expect(decodePutRecords(body({ FailedRecordCount: 1, Records }), 3)).toEqual([
      { accepted: true, shardId: 'shardId-000000000000', sequenceNumber: '1' },
      {
        accepted: false,
        errorCode: 'ProvisionedThroughputExceededException',
        errorMessage: 'Rate exceeded.',
      },
      { accepted: true, shardId: 'shardId-000000000001', sequenceNumber: '2' },
    ]);
  });

  it.each([
    ['fewer results than entries', body({ Records: [{ ShardId: 's', SequenceNumber: '1' }] })],
    ['more results than entries', body({ Records: Array(3).fill({ ShardId: 's', SequenceNumber: '1' }) })],
    ['no results', body({})],
    ['null', body(null)],
    ['results that say nothing', body({ Records: [{}, {}] })],
    ['text', Buffer.from('<html>')],
    ['nothing', Buffer.alloc(0)],
  ])('with %s is an error, not a guess', (_what, answer) => {
    expect(() => decodePutRecords(answer, 2)).toThrow(expect.objectContaining({ code: 'AWS_UNKNOWN' }));
  });
});
