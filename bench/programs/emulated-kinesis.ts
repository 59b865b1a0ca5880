import { startEmulator } from '../../src/emulator';
import type { CannedAddresses, CannedSettings } from './canned-kinesis';
import { readSettings, say } from './program';
import { STREAM } from './writer-settings';

/** The emulator, which keeps what it is given. Says its addresses in one JSON line. */
async function main(): Promise<void> {
  const { shards } = readSettings<Pick<CannedSettings, 'shards'>>();
  const { kinesis, kinesisEndpoint, dynamodbEndpoint } = await startEmulator();
  kinesis.call('CreateStream', { StreamName: STREAM, ShardCount: shards });
  const addresses: CannedAddresses = { kinesis: kinesisEndpoint, dynamodb: dynamodbEndpoint };
  say(addresses);
}

void main();
