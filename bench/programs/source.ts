import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { boundHeapGrowth } from '../../src/util/heap';
import { CostMeter, readSettings, say } from './program';
import type { ReaderSettings } from './reader-settings';
import { memoryTransport, runForEver } from './run';

/** Our source from socket to confirmed and tracked, into `memory://`. */
boundHeapGrowth();
const settings = readSettings<ReaderSettings>();
const meter = new CostMeter(settings.warmUp, settings.records);
const broker = new MemoryBroker({
  keep: 0,
  // Asked once for every message that arrives: the one place that costs nothing more.
  refuseMessage: () => {
    const cost = meter.count(1);
    if (cost !== undefined) {
      say(cost);
    }
    return undefined;
  },
});

runForEver({
  addresses: settings,
  // The canned service has no limits; those of AWS would be measured instead of the source.
  configs: { maxReadsPerSecondPerShard: 1000, getRecordsProtocol: settings.protocol },
  transport: memoryTransport(broker),
}).catch((error) => {
  process.stderr.write(`${error?.stack}\n`);
  process.exit(1);
});
