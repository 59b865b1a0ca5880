import { HeldLease } from '../../../src/lease/held-lease';
import type { Lease } from '../../../src/lease/lease';
import type { RowNumbering } from '../../../src/lease/row-numbering';
import { Sequencing } from '../../../src/pulsar/protocol/sequencing';
import { RecordNumbering } from '../../../src/source/record-numbering';
import { ShardTenure } from '../../../src/source/shard-tenure';
import { isSentinel } from '../../../src/stream/extended-sequence-number';
import type { PulsarPlan } from './fleet-plan';
import type { Mutation } from './mutation';
import { all, patch, patchGetter } from './patch';

const PULSAR: PulsarPlan = {
  guarantee: 'EFFECTIVELY_ONCE',
  partitions: 0,
  maxMessageSize: 5 * 1024 * 1024,
  large: 0,
  strikes: 30,
  growths: 0,
};
const NUMBERED = { pulsar: PULSAR, sendMs: 300 };
const CLASH = /failed: SEQUENCE_ID_CLASH/;
const LOST = /G1 .*(was lost|which is not stored)|G2 .* arrived before/;
const TWO_RECORDS = /G3 .* has the number \d+ instead of|G1 .*(was lost|which is not stored)/;

/** What was unconfirmed is cut into batches as anything else, whatever the broker has told. */
const regroups = (): (() => void) => patch(Sequencing.prototype, 'alone', () => () => false);

/** A duplicate is taken for one, whatever the broker has told. */
const believesDuplicates = (): (() => void) =>
  patch(
    Sequencing.prototype,
    'answered',
    (answered) =>
      function (this: Sequencing, operation, duplicate, oldest) {
        return duplicate ? undefined : answered.call(this, operation, duplicate, oldest);
      },
  );

/** The row looks otherwise to those who decide whether its numbers can be trusted. @param first record read there */
function trusting(
  change: (lease: Lease, numbering: RowNumbering, first: string) => Partial<Lease>,
): () => void {
  let reads: string | undefined;
  const original = Object.getOwnPropertyDescriptor(HeldLease.prototype, 'lease')?.get;
  return all(
    patch(
      RecordNumbering.prototype,
      'settle',
      (settle) =>
        function (this: RecordNumbering, first) {
          reads = first;
          try {
            return settle.call(this, first);
          } finally {
            reads = undefined;
          }
        },
    ),
    patchGetter(HeldLease.prototype, 'lease', function (this: HeldLease) {
      const lease = original?.call(this) as Lease;
      const { numbering } = lease;
      return reads === undefined || numbering === undefined
        ? lease
        : { ...lease, ...change(lease, numbering, reads) };
    }),
  );
}

/** Bugs of EFFECTIVELY_ONCE. */
export const PULSAR_MUTATIONS: readonly Mutation[] = [
  {
    name: 'sends a batch across the last id that the broker told',
    trouble: 'faults',
    first: 5,
    within: 60,
    found: CLASH,
    plan: NUMBERED,
    plant: regroups,
  },
  {
    name: 'takes a duplicate above the last id that the broker told for stored',
    trouble: 'faults',
    first: 5,
    within: 60,
    found: LOST,
    plan: NUMBERED,
    plant: () => all(regroups(), believesDuplicates()),
  },
  {
    name: 'takes one duplicate for all of a batch that was sent in other ones before',
    trouble: 'faults',
    first: 51,
    within: 200,
    found: LOST,
    plan: { ...NUMBERED, sendMs: 900, pulsar: { ...PULSAR, strikes: 100 } },
    plant: () => {
      const told = new WeakMap<Sequencing, number>();
      return all(
        patch(
          Sequencing.prototype,
          'registered',
          (registered) =>
            function (this: Sequencing, last) {
              told.set(this, last);
              return registered.call(this, last);
            },
        ),
        // Batches end at the last id told, and are batches before it.
        patch(
          Sequencing.prototype,
          'alone',
          () =>
            function (this: Sequencing, id) {
              return id === told.get(this);
            },
        ),
      );
    },
  },
  {
    name: 'stores its generation behind its first sends',
    trouble: 'calm',
    within: 20,
    found: /G3 .* is sent as of generation \w+, which no row has/,
    plan: NUMBERED,
    weather: { slow: 0.5 },
    plant: () =>
      patch(
        HeldLease.prototype,
        'number',
        (number) =>
          function (this: HeldLease, numbering) {
            number.call(this, numbering).catch(() => undefined);
            return Promise.resolve();
          },
      ),
  },
  {
    name: 'gives no number to what the filter drops',
    trouble: 'calm',
    within: 20,
    found: TWO_RECORDS,
    plan: { ...NUMBERED, frames: 0.8, subRecordFilter: 'drop', shards: 4 },
    plant: () =>
      all(
        patch(
          ShardTenure.prototype,
          'append',
          (append) =>
            function (this: ShardTenure, records) {
              const { nextOrdinal } = this;
              for (const [place, record] of records.entries()) {
                Object.assign(record, { ordinal: nextOrdinal + place });
              }
              return append.call(this, records);
            },
        ),
        patch(
          ShardTenure.prototype,
          'pass',
          (pass) =>
            function (this: ShardTenure, position) {
              pass.call(this, position, this.nextOrdinal);
            },
        ),
      ),
  },
  {
    name: 'trusts an ordinal whose checkpoint others have moved',
    trouble: 'deaths',
    within: 100,
    found: TWO_RECORDS,
    plan: NUMBERED,
    plant: () => trusting(({ checkpoint }, numbering) => ({ numbering: { ...numbering, at: checkpoint } })),
  },
  {
    name: 'trusts an ordinal whose checkpoint was trimmed',
    trouble: 'deaths',
    first: 6,
    within: 200,
    found: TWO_RECORDS,
    plan: { ...NUMBERED, retention: 4000, start: 'TRIM_HORIZON' },
    plant: () =>
      trusting(({ checkpoint }, numbering, first) => {
        const isOwn = numbering.at.sequenceNumber === checkpoint.sequenceNumber;
        const at = { ...checkpoint, sequenceNumber: first };
        return isSentinel(checkpoint.sequenceNumber) || !isOwn
          ? {}
          : { checkpoint: at, numbering: { ...numbering, at } };
      }),
  },
  {
    name: 'trusts a row that was never read from, and does not look for its first record',
    trouble: 'deaths',
    first: 3,
    within: 300,
    found: TWO_RECORDS,
    plan: { ...NUMBERED, retention: 4000, start: 'TRIM_HORIZON' },
    plant: () =>
      trusting(({ checkpoint }, numbering, firstSequence) =>
        isSentinel(checkpoint.sequenceNumber) ? { numbering: { ...numbering, firstSequence } } : {},
      ),
  },
  {
    name: 'goes over to new partitions with sends in flight',
    trouble: 'deaths',
    first: 13,
    within: 60,
    found: /G3 .* is stored in two partitions in one generation/,
    plan: { ...NUMBERED, pulsar: { ...PULSAR, partitions: 1, growths: 20 } },
    plant: () =>
      patch(RecordNumbering.prototype, 'partitions', () => (_topic, found) => Promise.resolve(found)),
  },
  {
    name: 'leaves the old owner connected, because each tenure has a name of its own',
    trouble: 'deaths',
    within: 60,
    found: /G3 .* is stored again in one generation/,
    plan: NUMBERED,
    plant: () => {
      const names = new WeakMap<RecordNumbering, number>();
      let tenures = 0;
      const original = Object.getOwnPropertyDescriptor(RecordNumbering.prototype, 'producerName')?.get;
      return patchGetter(RecordNumbering.prototype, 'producerName', function (this: RecordNumbering) {
        const tenure = names.get(this) ?? ++tenures;
        names.set(this, tenure);
        return `${tenure}/${original?.call(this)}`;
      });
    },
  },
];
