import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { hashKeyOf } from '../../src/stream/hash-key';
import { sleep, systemClock } from '../../src/util/clock';
import { type HotKeySettings, KEY_BYTES } from './hot-key-settings';
import { readSettings } from './program';
import { runSinkForEver, TOPIC } from './run-sink';

const KEYS_OF_A_SHARD = 300;
const TICK_MS = 10;

/** Keys of each shard of a stream that is cut evenly. */
function keysByShard(shards: number): string[][] {
  const keys: string[][] = Array.from({ length: shards }, () => []);
  for (let index = 0; keys.some(({ length }) => length < KEYS_OF_A_SHARD); index++) {
    const key = `key-${String(index).padStart(KEY_BYTES - 4, '0')}`;
    const shard = Number((hashKeyOf(key) * BigInt(shards)) >> 128n);
    if ((keys[shard]?.length ?? 0) < KEYS_OF_A_SHARD) {
      keys[shard]?.push(key);
    }
  }
  return keys;
}

/** Fills a topic at a steady rate, half of it with one key, and runs our sink behind it. */
async function main(): Promise<void> {
  const { kinesis, shards, recordBytes, recordsPerSecond, configs } = readSettings<HotKeySettings>();
  const [[hot] = [], ...cold] = keysByShard(shards);
  const value = Buffer.alloc(recordBytes, 'x');
  const broker = new MemoryBroker({ keep: 0 });
  runSinkForEver({ broker, kinesis, configs });
  const publish = (key: string | undefined): void => broker.publish(TOPIC, { key, value, properties: {} });
  const from = systemClock.monotonic();
  for (let round = 0; ; ) {
    await sleep(systemClock, TICK_MS);
    const due = ((systemClock.monotonic() - from) * recordsPerSecond) / 1000;
    for (; round < due; round++) {
      for (const keys of cold) {
        publish(keys[round % keys.length]);
        publish(hot);
      }
    }
  }
}

void main();
