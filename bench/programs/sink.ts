import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { sleep, systemClock } from '../../src/util/clock';
import { boundHeapGrowth } from '../../src/util/heap';
import { CostMeter, readSettings, say } from './program';
import { runSinkForEver, SUBSCRIPTION, TOPIC } from './run-sink';
import { requestsOf, type WriterSettings } from './writer-settings';

/** Messages not acknowledged or not even read: no more than keep every request busy, a broker's memory is elsewhere. */
const BACKLOG = 7_000;
/** Milliseconds between two looks at what is acknowledged. */
const LOOK_MS = 2;
/** Percent of a shard's limits: the canned service has none, and those of AWS would be measured instead of the sink. */
const UNLIMITED = 1_000_000;

/** Our sink from `memory://` to accepted and acknowledged; what filling the topic costs is in it. */
async function main(): Promise<void> {
  boundHeapGrowth();
  const settings = readSettings<WriterSettings>();
  const meter = new CostMeter(settings.warmUp, settings.records);
  // A long topic would be measured as garbage collection: it is filled as it is read.
  const broker = new MemoryBroker({ keep: 0 });
  const entries = requestsOf(settings).flat();
  runSinkForEver({
    broker,
    kinesis: settings.kinesis,
    configs: {
      collectionMaxCount: settings.entries,
      maxConnections: settings.inFlight,
      rateLimit: UNLIMITED,
      retainOrdering: false,
      ...settings.configs,
    },
  });
  for (let published = 0, acknowledged = 0; ; ) {
    await sleep(systemClock, LOOK_MS);
    const backlog = broker.backlog(TOPIC, SUBSCRIPTION);
    if (backlog === undefined) {
      continue;
    }
    const cost = meter.count(published - backlog - acknowledged);
    acknowledged = published - backlog;
    if (cost !== undefined) {
      say(cost);
      return;
    }
    for (; published - acknowledged < BACKLOG; published++) {
      const entry = entries[published % entries.length];
      broker.publish(TOPIC, { key: entry?.partitionKey, value: entry?.data, properties: {} });
    }
  }
}

void main().then(() => process.exit());
