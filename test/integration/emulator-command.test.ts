import { createKinesisPutApi } from '../../src/aws/kinesis-put-client';
import { systemClock } from '../../src/util/clock';
import { awsSettings } from '../support/aws-settings';
import { ProgramProcess } from '../support/program-process';

interface Ready {
  readonly kinesis: string;
  readonly cloudwatch: string;
  readonly streams: readonly object[];
}

/** Entries that one shard accepts at once, of 5,000. */
async function acceptedBy(...flags: string[]): Promise<number> {
  const command = ['src/cli/main.ts', 'emulator', '--kinesis-port', '0', '--stream', 'orders:1', '--json'];
  const emulator = new ProgramProcess(['-r', './scripts/typescript.cjs', ...command, ...flags]);
  try {
    const ready = await emulator.hear<Ready>();
    expect(ready).toMatchObject({ cloudwatch: ready.kinesis, streams: [{ name: 'orders', shards: 1 }] });
    const api = createKinesisPutApi(awsSettings(ready.kinesis), { clock: systemClock });
    const entries = Array.from({ length: 500 }, () => ({ data: Buffer.alloc(1), partitionKey: 'k' }));
    const puts = Array.from({ length: 10 }, () => api.putRecords({ name: 'orders' }, entries));
    const results = (await Promise.all(puts)).flat();
    api.close();
    return results.filter(({ accepted }) => accepted).length;
  } finally {
    await emulator.stop('SIGTERM');
  }
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
});
