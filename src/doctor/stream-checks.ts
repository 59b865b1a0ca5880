import type { StreamDescription } from '../aws/kinesis-api';
import { listAllShards } from '../aws/list-shards';
import { isConnectorError } from '../errors';
import { requireWholeRange } from '../stream/hash-coverage';
import type { Shard } from '../stream/shard';
import { isOpen } from '../stream/shard-graph';
import { throwIfAborted } from '../util/abort';
import { type Check, type Finding, failed, ok, warning } from './check';
import type { ExaminedStream } from './examined-stream';
import { count, some } from './words';

/** State and shards of one stream. */
export function stateChecks(stream: ExaminedStream, needs: readonly string[]): Check[] {
  const { group, label } = stream;
  return [
    {
      key: stream.key('state'),
      id: 'stream.state',
      group,
      title: `stream ${label}`,
      needs,
      run: async (signal) => {
        const description = await stream.kinesis.describeStream(stream.ref, { signal });
        stream.description = description;
        return judgeState(description);
      },
    },
    {
      key: stream.key('shards'),
      id: 'stream.shards',
      group,
      title: `shards of ${label}`,
      needs: [stream.key('state')],
      run: async (signal) => {
        const shards = await listAllShards(stream.kinesis, stream.ref, signal);
        stream.shards = shards;
        return judgeShards(shards, stream.shardIds);
      },
    },
  ];
}

export function judgeState(description: StreamDescription): Finding {
  const { status, mode, openShardCount, retentionHours, encryptionKey } = description;
  const words = [
    status,
    mode === 'ON_DEMAND' ? 'on demand' : 'provisioned',
    count(openShardCount, 'open shard'),
    `keeps ${retentionHours} h`,
    encryptionKey === undefined ? 'not encrypted' : `encrypted by ${encryptionKey}`,
  ].join(', ');
  switch (status) {
    case 'ACTIVE':
      return ok(words);
    case 'DELETING':
      return failed(words, 'The stream is being deleted: name another one.', 'KINESIS_STREAM_NOT_READY');
    default:
      return warning(words, 'Nothing: it is waited for, or used while it changes.');
  }
}

/** @param wanted the only ones that are read; all when undefined */
export function judgeShards(shards: readonly Shard[], wanted: readonly string[] | undefined): Finding {
  const open = shards.filter(isOpen);
  requireWholeRange(open);
  const missing = wanted?.filter((id) => shards.every(({ shardId }) => shardId !== id)) ?? [];
  if (missing.length > 0) {
    return failed(
      `shardIds names shards that the stream does not have: ${some(missing)}`,
      `Correct shardIds; the stream has ${some(open.map(({ shardId }) => shardId))}.`,
    );
  }
  const closed = shards.length - open.length;
  const older = closed === 0 ? '' : `, ${count(closed, 'closed one')} that may still hold records`;
  return ok(`${count(open.length, 'open shard')}${older}; every hash key has one`);
}

/** Whether a record can be read from the first shard; a stream that is encrypted is read from where records are. */
export function readCheck(stream: ExaminedStream): Check {
  const { kinesis, ref } = stream;
  return {
    key: stream.key('read'),
    id: 'stream.read',
    group: stream.group,
    title: `reading ${stream.label}`,
    needs: [stream.key('shards')],
    run: async (signal) => {
      const shard = stream.shards.find(isOpen)?.shardId ?? '';
      const key = stream.description?.encryptionKey;
      const type = key === undefined ? 'LATEST' : 'TRIM_HORIZON';
      try {
        const iterator = await kinesis.getShardIterator(ref, shard, { type }, { signal });
        throwIfAborted(signal);
        const { records } = await kinesis.getRecords(ref, { iterator, limit: 1 }, { signal });
        const got = `${count(records.length, 'record')} from ${shard}`;
        return ok(
          key === undefined
            ? got
            : `${got}, ${records.length === 0 ? 'nothing to be decrypted' : 'decrypted'}`,
        );
      } catch (error) {
        if (isConnectorError(error, 'AWS_THROTTLED')) {
          return ok(`${shard} is read by others at this moment: it was throttled, not refused`);
        }
        throw error;
      }
    },
  };
}
