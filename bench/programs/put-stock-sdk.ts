import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { writeOn } from './writer';
import { requestsOf, STREAM } from './writer-settings';

/** What an application pays that writes with the AWS SDK as it comes, and looks at nothing but the count. */
void writeOn((settings) => {
  const client = new KinesisClient({
    region: 'us-east-1',
    endpoint: settings.kinesis,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    requestHandler: new NodeHttpHandler({ httpAgent: { keepAlive: true, maxSockets: settings.inFlight } }),
  });
  const requests = requestsOf(settings).map((entries) =>
    entries.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey })),
  );
  return async (turn) => {
    const Records = requests[turn % requests.length];
    const answer = await client.send(new PutRecordsCommand({ StreamName: STREAM, Records }));
    return (answer.Records?.length ?? 0) - (answer.FailedRecordCount ?? 0);
  };
});
