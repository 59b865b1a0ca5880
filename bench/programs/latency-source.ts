import { MemoryBroker } from '../../src/pulsar/memory-broker';
import type { CannedAddresses } from './canned-kinesis';
import { stampOf } from './feed';
import { machineMillis } from './machine-clock';
import { readSettings, say } from './program';
import { memoryTransport, runForEver } from './run';

export interface LatencySettings extends CannedAddresses {
  /** Records that arrive before any is measured. */
  readonly warmUp: number;
  /** Records measured. */
  readonly records: number;
  readonly configs: { readonly [option: string]: unknown };
}

/** From put to arrival in the topic, milliseconds, in the order of arrival. */
export type Latencies = readonly number[];

const { warmUp, records, configs, ...addresses } = readSettings<LatencySettings>();
const latencies: number[] = [];
let arrived = 0;
const broker = new MemoryBroker({
  keep: 0,
  // Asked once for every message, as it arrives.
  refuseMessage: ({ value }) => {
    arrived++;
    if (arrived > warmUp && latencies.length < records) {
      latencies.push(machineMillis() - stampOf(value).putAt);
      if (latencies.length === records) {
        say(latencies satisfies Latencies);
      }
    }
    return undefined;
  },
});

/** Our source, read from its start into `memory://`. */
runForEver({ addresses, configs, transport: memoryTransport(broker) }).catch((error) => {
  process.stderr.write(`${error?.stack}\n`);
  process.exit(1);
});
