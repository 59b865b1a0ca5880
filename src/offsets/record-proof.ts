import type { KinesisApi, RawRecord, StreamRef } from '../aws/kinesis-api';
import { type RetryPolicy, retrying } from '../aws/retry';
import { ConnectorError, isConnectorError } from '../errors';
import { openAggregate } from '../stream/aggregate-reader';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import { sleep } from '../util/clock';

/** Answers without a record may follow one another where a shard has long had none; a look has to end. */
const MOST_ANSWERS = 150;
/** Milliseconds between two reads: five a second a shard are allowed, to all its readers. Source: Kinesis quotas. */
const READ_INTERVAL = 400;

export interface ProvenShard {
  readonly kinesis: Pick<KinesisApi, 'getShardIterator' | 'getRecords'>;
  readonly ref: StreamRef;
  readonly shardId: string;
  /** For people. */
  readonly name: string;
}

/**
 * Whether `place` is a record of that very shard, as Kinesis itself says.
 * @returns `THERE`, or `PASSED`: the record is not there any more, or never was, and a later one is.
 * @throws ConnectorError OFFSETS_SEQUENCE_OUTSIDE: it is of another shard or stream, lies behind the newest record, or the
 * record has no such user record; what cannot heal of the calls; the signal's reason
 */
export async function proveRecord(
  shard: ProvenShard,
  place: ExtendedSequenceNumber,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<'THERE' | 'PASSED'> {
  const { sequenceNumber } = place;
  const record = await firstAt(shard, sequenceNumber, policy, signal);
  if (record === 'TO COME') {
    throw outside(shard, 'a record that is there', `${sequenceNumber}, behind the newest record`);
  }
  if (record?.sequenceNumber !== sequenceNumber) {
    return 'PASSED';
  }
  const users = openAggregate(record.data)?.count ?? 1;
  if (place.subSequenceNumber >= users) {
    const expected = users === 1 ? '0: it is one user record' : `0 to ${users - 1}`;
    throw outside(shard, `--sub-sequence ${expected}`, String(place.subSequenceNumber));
  }
  return 'THERE';
}

/** The first record at or behind a place; undefined when none was found up to the end of a closed shard, or so far. */
async function firstAt(
  { kinesis, ref, shardId, name }: ProvenShard,
  sequenceNumber: string,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<RawRecord | 'TO COME' | undefined> {
  const position = { type: 'AT_SEQUENCE_NUMBER', sequenceNumber } as const;
  let iterator: string | undefined = await retrying(policy, signal, async () => {
    try {
      return await kinesis.getShardIterator(ref, shardId, position, { signal });
    } catch (error) {
      // Readers try that again, for whom the number comes from Kinesis; this one comes from a person.
      throw isConnectorError(error, 'KINESIS_POSITION_REFUSED')
        ? outside({ name }, 'a sequence number of this shard', sequenceNumber, error)
        : error;
    }
  });
  for (let answers = 0; iterator !== undefined && answers < MOST_ANSWERS; answers++) {
    const at: string = iterator;
    const answer = await retrying(policy, signal, () =>
      kinesis.getRecords(ref, { iterator: at, limit: 1 }, { signal }),
    );
    const [record] = answer.records;
    iterator = answer.nextIterator;
    if (record !== undefined || iterator === undefined) {
      return record;
    }
    if (answer.millisBehindLatest === 0) {
      return 'TO COME';
    }
    await sleep(policy.clock, READ_INTERVAL, signal);
  }
  return undefined;
}

function outside(
  { name }: Pick<ProvenShard, 'name'>,
  expected: string,
  found: string,
  cause?: unknown,
): ConnectorError {
  return new ConnectorError('OFFSETS_SEQUENCE_OUTSIDE', `${name} has no such record`, {
    expected,
    found,
    cause,
  });
}
