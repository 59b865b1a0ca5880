import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKinesisPutApi } from '../../src/aws/kinesis-put-client';
import { runProgram } from '../../src/cli/program';
import { systemClock } from '../../src/util/clock';
import { awsSettings } from '../support/aws-settings';
import { ProgramProcess } from '../support/program-process';
import { bodyOf, WIRE_CLIENTS } from '../support/wire-client';

interface Ready {
  readonly kinesis: string;
  readonly cloudwatch: string;
  readonly streams: readonly object[];
}

async function withEmulator<T>(flags: readonly string[], use: (endpoint: string) => Promise<T>): Promise<T> {
  const command = ['src/cli/main.ts', 'emulator', '--kinesis-port', '0', '--stream', 'orders:1', '--json'];
  const emulator = new ProgramProcess(['-r', './scripts/typescript.cjs', ...command, ...flags]);
  try {
    const ready = await emulator.hear<Ready>();
    expect(ready).toMatchObject({ cloudwatch: ready.kinesis, streams: [{ name: 'orders', shards: 1 }] });
    return await use(ready.kinesis);
  } finally {
    await emulator.stop('SIGTERM');
  }
}

/** Entries that one shard accepts at once, of 5,000. */
function acceptedBy(...flags: string[]): Promise<number> {
  return withEmulator(flags, async (endpoint) => {
    const api = createKinesisPutApi(awsSettings(endpoint), { clock: systemClock });
    const entries = Array.from({ length: 500 }, () => ({ data: Buffer.alloc(1), partitionKey: 'k' }));
    const puts = Array.from({ length: 10 }, () => api.putRecords({ name: 'orders' }, entries));
    const results = (await Promise.all(puts)).flat();
    api.close();
    return results.filter(({ accepted }) => accepted).length;
  });
}

describe('the emulator command', () => {
  it('takes whatever is put', async () => {
    expect(await acceptedBy()).toBe(5_000);
  });

  it('takes what a shard of AWS takes, with --write-limits', async () => {
    const accepted = await acceptedBy('--write-limits');
    // What the second's worth lets through, and what comes in while the requests are served: four seconds would have to pass for all.
    expect(accepted).toBeGreaterThanOrEqual(1_000);
    expect(accepted).toBeLessThan(5_000);
  });

  it('says what to do when its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    const err: string[] = [];
    const codes: number[] = [];
    await runProgram(['emulator', '--kinesis-port', String(port)], {
      stdout: () => undefined,
      stderr: (text) => err.push(text),
      isTty: false,
      env: {},
      setExitCode: (code) => codes.push(code),
    });
    server.close();
    expect({ codes, said: err.join('') }).toEqual({
      codes: [2],
      said: expect.stringContaining('--kinesis-port'),
    });
  });

  it('in the region and the account of a printed policy allows what that allows, and nothing else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'emulator-'));
    const policy = join(folder, 'policy.json');
    const Resource = 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders';
    const Statement = [{ Effect: 'Allow', Action: 'kinesis:DescribeStreamSummary', Resource }];
    writeFileSync(policy, JSON.stringify({ Version: '2012-10-17', Statement }));
    const place = ['--region', 'eu-central-1', '--account', '123456789012'];
    const outcomes = await withEmulator([...place, '--policy', policy], async (endpoint) => {
      const api = createKinesisPutApi(awsSettings(endpoint), { clock: systemClock });
      const ends = await Promise.allSettled([
        api.describeStream({ name: 'orders' }),
        api.putRecords({ name: 'orders' }, [{ data: Buffer.alloc(1), partitionKey: 'k' }]),
      ]);
      api.close();
      return ends.map((end) => (end.status === 'fulfilled' ? end.status : end.reason.code));
    });
    rmSync(folder, { recursive: true });
    expect(outcomes).toEqual(['fulfilled', 'AWS_ACCESS_DENIED']);
  });

  it.each([
    [[], 'found'],
    [['--separate-regions'], 'KINESIS_STREAM_NOT_FOUND'],
  ])('with %j a stream of the command is, for a client of another region: %s', async (flags, outcome) => {
    const found = await withEmulator(flags, async (endpoint) => {
      const settings = { ...awsSettings(endpoint), region: 'eu-central-1' };
      const api = createKinesisPutApi(settings, { clock: systemClock });
      try {
        await api.describeStream({ name: 'orders' });
        return 'found';
      } catch (error) {
        return (error as { code?: string }).code;
      } finally {
        api.close();
      }
    });
    expect(found).toBe(outcome);
  });

  it.each(WIRE_CLIENTS)('refuses over %s what its flags say', async (_version, open) => {
    await withEmulator(['--no-cbor', '--read-limits', '--check-signature-time'], async (endpoint) => {
      const client = open(Number(new URL(endpoint).port));
      const call = async (operation: string, input: object, headers = {}) => {
        const target = { 'x-amz-target': `Kinesis_20131202.${operation}` };
        const answer = await client.post(
          { 'content-type': 'application/x-amz-json-1.1', ...target, ...headers },
          JSON.stringify(input),
        );
        return { status: answer.status, body: JSON.parse((await bodyOf(answer)).toString()) };
      };
      const cbor = { 'content-type': 'application/x-amz-cbor-1.1' };
      expect(await call('ListStreams', {}, cbor)).toMatchObject({ status: 404 });
      expect(await call('ListStreams', {}, { 'x-amz-date': '20200101T000000Z' })).toMatchObject({
        body: { __type: 'InvalidSignatureException' },
      });
      const shard = { StreamName: 'orders', ShardId: 'shardId-000000000000' };
      const iterators = Array.from({ length: 50 }, () =>
        call('GetShardIterator', { ...shard, ShardIteratorType: 'LATEST' }),
      );
      const refused = (await Promise.all(iterators)).filter(({ status }) => status === 400);
      expect(refused.length).toBeGreaterThan(20);
      client.close();
    });
  });
});
