import { once } from 'node:events';
import { request } from 'node:http';
import { startEmulator } from '../../../src/emulator';

async function statusOf(endpoint: string, target: string): Promise<number | undefined> {
  const call = request(endpoint, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
  });
  call.end('{}');
  const [response] = await once(call, 'response');
  response.resume();
  return response.statusCode;
}

describe('emulator', () => {
  test('one port serves Kinesis and DynamoDB', async () => {
    const emulator = await startEmulator();
    expect(emulator.dynamodbEndpoint).toBe(emulator.kinesisEndpoint);
    expect(await statusOf(emulator.kinesisEndpoint, 'Kinesis_20131202.ListStreams')).toBe(200);
    expect(await statusOf(emulator.dynamodbEndpoint, 'DynamoDB_20120810.ListTables')).toBe(200);
    await emulator.close();
  });

  test('DynamoDB has a port of its own when it is asked for, and close frees both', async () => {
    const emulator = await startEmulator({ dynamodbPort: 0 });
    expect(emulator.dynamodbPort).not.toBe(emulator.kinesisPort);
    expect(await statusOf(emulator.dynamodbEndpoint, 'DynamoDB_20120810.ListTables')).toBe(200);
    await emulator.close();
    for (const endpoint of [emulator.kinesisEndpoint, emulator.dynamodbEndpoint]) {
      await expect(statusOf(endpoint, 'Kinesis_20131202.ListStreams')).rejects.toMatchObject({
        code: 'ECONNREFUSED',
      });
    }
  });

  test('a port in use is refused, and nothing is left listening', async () => {
    const first = await startEmulator();
    await expect(startEmulator({ dynamodbPort: first.kinesisPort })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await first.close();
  });

  test('moving the clock ends what takes time', async () => {
    const emulator = await startEmulator({ settleMs: 1_000 });
    emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
    const status = () =>
      emulator.kinesis.call('DescribeStreamSummary', { StreamName: 'orders' }).StreamDescriptionSummary
        .StreamStatus;
    expect(status()).toBe('CREATING');
    emulator.clock.advance(1_000);
    expect(status()).toBe('ACTIVE');
    await emulator.close();
  });
});
