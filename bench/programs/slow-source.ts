import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { sleep, systemClock } from '../../src/util/clock';
import { boundHeapGrowth } from '../../src/util/heap';
import type { CannedAddresses } from './canned-kinesis';
import { readSettings, say } from './program';
import { memoryTransport, runForEver, TOPIC } from './run';
import { StallingTransport } from './stalling-transport';

export interface SlowSettings extends CannedAddresses {
  /** What the transport stores a second, over all shards; as fast as it can when absent. */
  readonly recordsPerSecond?: number;
  /** The transport confirms so many records of each shard, and then none; it confirms all when absent. */
  readonly confirmedPerShard?: number;
  readonly configs: { readonly [option: string]: unknown };
}

export interface SlowProgress {
  /** Shards of which a record is stored and will never be confirmed. */
  readonly stalled: number;
  readonly stored: number;
}

/** Our source into a slow Pulsar; says twice a second how far it has come. */
async function main(): Promise<void> {
  boundHeapGrowth();
  const { recordsPerSecond, confirmedPerShard, configs, ...addresses } = readSettings<SlowSettings>();
  const pace = recordsPerSecond === undefined ? {} : { messagesPerSecond: recordsPerSecond };
  const broker = new MemoryBroker({ keep: 0, ...pace });
  const transport = new StallingTransport(
    memoryTransport(broker),
    confirmedPerShard ?? Number.POSITIVE_INFINITY,
  );
  runForEver({ addresses, configs, transport }).catch((error) => {
    process.stderr.write(`${error?.stack}\n`);
    process.exit(1);
  });
  for (;;) {
    await sleep(systemClock, 500);
    const progress: SlowProgress = { stalled: transport.stalled, stored: broker.stored(TOPIC) };
    say(progress);
  }
}

void main();
