import { startEmulator } from '../../src/emulator';
import type { CannedAddresses } from './canned-kinesis';
import { type FeedSettings, feed } from './feed';
import { readSettings, say } from './program';
import { STREAM } from './writer-settings';

export interface FedSettings extends FeedSettings {
  /** Made once for each shard before it is read; the feed begins when all were. */
  readonly opening: 'GetShardIterator' | 'SubscribeToShard';
  /** Whether it says, behind its addresses, the stamp of each record as it is put. */
  readonly saysStamps: boolean;
}

/** The emulator, fed by itself once somebody reads it. Says its addresses first. */
async function main(): Promise<void> {
  const settings = readSettings<FedSettings>();
  const { kinesis, kinesisEndpoint, dynamodbEndpoint, faults } = await startEmulator();
  kinesis.call('CreateStream', { StreamName: STREAM, ShardCount: settings.shards });
  const opened = faults.add({
    operation: settings.opening,
    fault: { kind: 'latency', ms: 0, applied: true },
  });
  const addresses: CannedAddresses = { kinesis: kinesisEndpoint, dynamodb: dynamodbEndpoint };
  say(addresses);
  await opened.reached(settings.shards);
  opened.remove();
  await feed(kinesis, settings, settings.saysStamps ? say : undefined);
}

void main();
