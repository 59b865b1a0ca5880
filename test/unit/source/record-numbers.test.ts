import { BYTES_SCHEMA, NO_METRICS } from '../../../src/io';
import type { Lease } from '../../../src/lease/lease';
import type { RowNumbering } from '../../../src/lease/row-numbering';
import { DeliveryTimer } from '../../../src/source/delivery-timer';
import type { KinesisRecord } from '../../../src/source/kinesis-record';

import { RecordNumbering } from '../../../src/source/record-numbering';
import { ShardMetrics } from '../../../src/source/shard-metrics';
import { ShardTenure } from '../../../src/source/shard-tenure';
import { SourceTally } from '../../../src/source/source-tally';
import type { ExtendedSequenceNumber } from '../../../src/stream/extended-sequence-number';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';

const CHECKPOINT = { sequenceNumber: '100', subSequenceNumber: 0 };
const NUMBERING: RowNumbering = {
  generation: 'g',
  ordinal: 500,
  at: CHECKPOINT,
  firstSequence: '1',
  spread: undefined,
};

/** A tenure that goes on from record 100, the 500th of its generation. */
function open() {
  const confirmed: [string, number][] = [];
  const lease = {
    shardId: 's',
    name: 's',
    lease: { shardId: 's', checkpoint: CHECKPOINT, numbering: NUMBERING } as Lease,
    signal: new AbortController().signal,
    isValid: () => true,
    confirm: ({ sequenceNumber }: ExtendedSequenceNumber, ordinal: number) =>
      void confirmed.push([sequenceNumber, ordinal]),
    number: async () => undefined,
  };
  const numbering = new RecordNumbering({
    lease,
    name: 'app/s',
    enablesDeduplication: false,
    random: seededRandom(1),
    logger: silentLogger,
    onGeneration: () => undefined,
  });
  const clock = new ManualClock();
  const tally = new SourceTally(clock).begin('s', () => new Set());
  const metrics = new ShardMetrics({ metrics: NO_METRICS, clock, stream: 'orders', shardId: 's', tally });
  const tenure = new ShardTenure({
    lease,
    streamName: 'orders',
    messageKeyMode: 'PARTITION_KEY',
    properties: [],
    timer: new DeliveryTimer(clock, metrics.deliveryTime),
    delivered: { add: () => undefined },
    schema: BYTES_SCHEMA,
    destinationTopic: undefined,
    sequencing: numbering,
    onRefused: () => 'END',
  });
  const record = (sequence: number): KinesisRecord =>
    ({
      sequenceNumber: `${sequence}`,
      subSequenceNumber: 0,
      ordinal: tenure.nextOrdinal,
      value: new Uint8Array(),
      confirmed: false,
      next: undefined,
      answer: { release: () => undefined },
    }) as unknown as KinesisRecord;
  return { tenure, numbering, confirmed, record };
}

test('behind a gap no number is used that may stand for a record which is missing', async () => {
  const { tenure, numbering, confirmed, record } = open();
  await numbering.settle('100');
  const before = record(101);
  tenure.append([before]);
  expect(before.ordinal).toBe(500);
  tenure.leap();
  const behind = record(900);
  tenure.append([behind]);
  expect(behind.ordinal).toBe(501 + 2 ** 32);
  tenure.confirmed(before);
  tenure.confirmed(behind);
  expect(confirmed).toEqual([
    ['101', 501],
    ['900', 502 + 2 ** 32],
  ]);
});

test('a gap before numbers are settled changes none: what reading finds there decides', async () => {
  const { tenure, numbering } = open();
  tenure.leap();
  await numbering.settle('100');
  expect(tenure.nextOrdinal).toBe(500);
});
