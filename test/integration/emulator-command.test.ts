import { createKinesisPutApi } from '../../src/aws/kinesis-put-client';
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
