import { GetRecordsCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { CostMeter, readSettings, say } from './program';
import { iteratorsOf, type ReaderSettings } from './reader-settings';

/** What an application pays that reads with the AWS SDK as it comes and does nothing with the records. */
async function main(): Promise<void> {
  const settings = readSettings<ReaderSettings>();
  const client = new KinesisClient({
    region: 'us-east-1',
    endpoint: settings.kinesis,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    requestHandler: new NodeHttpHandler(),
  });
  const meter = new CostMeter(settings.warmUp, settings.records);
  const iterators = iteratorsOf(settings);
  for (let turn = 0; ; turn++) {
    const shard = turn % iterators.length;
    const answer = await client.send(
      new GetRecordsCommand({ ShardIterator: iterators[shard], Limit: settings.recordsPerAnswer }),
    );
    iterators[shard] = answer.NextShardIterator ?? '';
    const cost = meter.count(answer.Records?.length ?? 0);
    if (cost !== undefined) {
      say(cost);
      return;
    }
  }
}

void main().then(() => process.exit());
