import { Agent, request } from 'node:http';
import { CostMeter, readSettings, say } from './program';
import { iteratorsOf, type ReaderSettings } from './reader-settings';

interface Answer {
  readonly Records: readonly { readonly Data: string }[];
  readonly NextShardIterator: string;
}

const agent = new Agent({ keepAlive: true });

function getRecords(endpoint: string, iterator: string, limit: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(endpoint, {
      method: 'POST',
      agent,
      headers: {
        'x-amz-target': 'Kinesis_20131202.GetRecords',
        'content-type': 'application/x-amz-json-1.1',
      },
    });
    call.on('error', reject);
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('latin1')) as Answer));
    });
    call.end(JSON.stringify({ ShardIterator: iterator, Limit: limit }));
  });
}

/** The least that reading JSON answers can cost in Node: the socket, JSON.parse, base64; nothing else. */
async function main(): Promise<void> {
  const settings = readSettings<ReaderSettings>();
  const meter = new CostMeter(settings.warmUp, settings.records);
  const iterators = iteratorsOf(settings);
  for (let turn = 0; ; turn++) {
    const shard = turn % iterators.length;
    const answer = await getRecords(settings.kinesis, iterators[shard] ?? '', settings.recordsPerAnswer);
    iterators[shard] = answer.NextShardIterator;
    const values = answer.Records.map((record) => Buffer.from(record.Data, 'base64'));
    const cost = meter.count(values.length);
    if (cost !== undefined) {
      say(cost);
      return;
    }
  }
}

void main().then(() => process.exit());
