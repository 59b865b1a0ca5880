import type { PutResult } from '../../../src/aws/kinesis-api';
import { AcknowledgementTracker, TrackedEntry } from '../../../src/pulsar/protocol/acknowledgement-tracker';
import { Frame } from '../../../src/sink/frame';
import { KeyOrder } from '../../../src/sink/key-order';
import { PendingEntries } from '../../../src/sink/pending-entries';
import type { PendingEntry } from '../../../src/sink/pending-entry';
import { PendingRoom } from '../../../src/sink/pending-room';
import { PutAnswers } from '../../../src/sink/put-answers';
import { PutLoop } from '../../../src/sink/put-loop';
import { RequestWindow } from '../../../src/sink/request-window';
import { ShardMap } from '../../../src/sink/shard-map';
import { ShardMapRefresh } from '../../../src/sink/shard-map-refresh';
import { ShardQueue } from '../../../src/sink/shard-queue';
import { patch, patchGetter } from '../fleet/patch';
import type { PutBug } from './put-storm';
import type { SinkTrouble } from './sink-plan';

/** A bug planted into lives of sinks, and what has to be said of it. */
export interface SinkMutation {
  readonly name: string;
  /** Lives of which kind are to find it, within so many seeds. */
  readonly trouble: SinkTrouble;
  readonly within: number;
  readonly found: RegExp;
  /** Changes the product. @returns what takes the change back */
  plant?(): () => void;
  /** Changes Kinesis. */
  readonly bug?: PutBug;
}

const REFUSED: PutResult = { accepted: false, errorCode: 'InternalFailure', errorMessage: 'refused' };

export const SINK_MUTATIONS: readonly SinkMutation[] = [
  {
    name: 'sends the whole batch again',
    trouble: 'refusals',
    within: 40,
    found: /G8 \S+ has message \d+ again, which is accepted/,
    plant: () =>
      patch(
        PutAnswers.prototype,
        'answered',
        (answered) =>
          function (this: PutAnswers, batch, results, now) {
            const refused = results.some(({ accepted }) => !accepted);
            answered.call(this, batch, refused ? batch.map(() => REFUSED) : results, now);
          },
      ),
  },
  {
    name: 'acknowledges before acceptance',
    trouble: 'calm',
    within: 40,
    found: /G8 message \d+ was acked before its entry was accepted/,
    plant: () =>
      patch(
        PutLoop.prototype,
        'add',
        (add) =>
          function (this: PutLoop, record, parts, size) {
            const room = add.call(this, record, parts, size);
            record.ack();
            return room;
          },
      ),
  },
  {
    name: 'lets a later record of a key overtake a refused one',
    trouble: 'refusals',
    within: 40,
    found: /G8 message \d+ was stored before \d+ of its key|G8 \S+ has a second entry of key/,
    plant: () =>
      patch(
        PendingEntries.prototype,
        'again',
        (again) =>
          function (this: PendingEntries, entry, now) {
            const next = entry instanceof Frame ? undefined : entry.successor;
            if (next !== undefined && !(entry instanceof Frame)) {
              entry.successor = undefined;
              this.batcher.push(next, this.queueOf(next));
            }
            again.call(this, entry, now);
          },
      ),
  },
  {
    name: 'puts a key into a request twice',
    trouble: 'calm',
    within: 40,
    found: /G8 \S+ has a second entry of key \S+ under way/,
    plant: () =>
      patch(
        KeyOrder.prototype,
        'admit',
        (admit) =>
          function (this: KeyOrder, entry) {
            const before = newest.get(this)?.get(entry.parts.partitionKey);
            const keys = newest.get(this) ?? new Map<string, PendingEntry>();
            newest.set(this, keys.set(entry.parts.partitionKey, entry));
            return before?.state === 'ready' || admit.call(this, entry);
          },
      ),
  },
  {
    name: 'acknowledges an entry when a part of it is stored',
    trouble: 'calm',
    within: 40,
    found: /G8 message \d+ was acknowledged and is nowhere/,
    plant: () =>
      patch(
        TrackedEntry.prototype,
        'acknowledge',
        (acknowledge) =>
          function (this: TrackedEntry, index) {
            const done = acknowledge.call(this, index);
            this.left = done ? 0 : this.left;
            return done;
          },
      ),
  },
  {
    name: 'sends failed requests again without delay',
    trouble: 'refusals',
    within: 40,
    found: /sends failed requests again \d+ times within/,
    plant: () =>
      patchGetter(RequestWindow.prototype, 'opensAt', function () {
        return this.underWay < this.size ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
      }),
  },
  {
    name: 'sends refused entries again without delay',
    trouble: 'refusals',
    within: 60,
    found: /sends refused message \d+ again \d+ times within/,
    plant: () =>
      patch(
        ShardQueue.prototype,
        'answered',
        (answered) =>
          function (this: ShardQueue, tally, now, _bounds, random) {
            answered.call(this, tally, now, { initialMs: 0, maxMs: 0 }, random);
          },
      ),
  },
  {
    name: 'loses the batch at close',
    trouble: 'calm',
    within: 40,
    found: /G8 \S+ (left \d+ though it had time to store them|says drained and left)/,
    plant: () =>
      patch(
        PutLoop.prototype,
        'drain',
        (drain) =>
          async function (this: PutLoop) {
            await drain.call(this, 0);
            return 0;
          },
      ),
  },
  {
    name: 'hands a message out again after a reconnect',
    trouble: 'faults',
    within: 40,
    found: /G8 \S+ was given message \d+ twice/,
    plant: () =>
      patch(
        AcknowledgementTracker.prototype,
        'arrived',
        () =>
          function (this: AcknowledgementTracker, ledgerId, entryId, count) {
            return new TrackedEntry(this, ledgerId, entryId, count);
          },
      ),
  },
  {
    name: 'has more requests under way than it may',
    trouble: 'calm',
    within: 40,
    found: /\S+ has \d+ requests under way/,
    plant: () =>
      patchGetter(RequestWindow.prototype, 'opensAt', function () {
        return this.pausedUntil;
      }),
  },
  {
    name: 'takes records without bound',
    trouble: 'calm',
    within: 40,
    found: /G5 \S+ has \d+ records of \d+ bytes and asks for more/,
    plant: () => patchGetter(PendingRoom.prototype, 'full', () => false),
  },
  {
    name: 'does not find out that the shards are others now',
    trouble: 'calm',
    within: 80,
    found: /has not listed the shards since a record landed on an unknown one/,
    plant: () => patch(ShardMapRefresh.prototype, 'request', () => () => undefined),
  },
  {
    name: 'takes a frame for stored that readers drop',
    trouble: 'calm',
    within: 80,
    found: /G8 message \d+ was acked before its entry was accepted/,
    plant: () => patch(PendingEntries.prototype, 'belongs', () => () => true),
  },
  {
    name: 'sends the records of a refused frame all at once',
    trouble: 'refusals',
    within: 80,
    found: /G8 \S+ has a second entry of key/,
    plant: () =>
      patch(
        Frame.prototype,
        'dissolve',
        () =>
          function (this: Frame) {
            return [...this.members];
          },
      ),
  },
  {
    name: 'packs the records of several shards into one',
    trouble: 'calm',
    within: 80,
    found: /sends a frame with records of \d+ shards|again, which is accepted/,
    plant: () => patch(ShardMap.prototype, 'indexOf', () => () => 0),
  },
  {
    name: 'acknowledges the first record of a frame alone',
    trouble: 'calm',
    within: 80,
    found: /left \d+ though it had time to store them/,
    plant: () =>
      patch(
        PendingEntries.prototype,
        'stored',
        (stored) =>
          function (this: PendingEntries, unit, now) {
            stored.call(this, unit instanceof Frame ? (unit.members[0] as PendingEntry) : unit, now);
          },
      ),
  },
  {
    name: 'Kinesis accepts and drops',
    trouble: 'refusals',
    within: 40,
    found: /G8 message \d+ was acked before its entry was accepted/,
    bug: 'accepts and drops',
  },
  {
    name: 'Kinesis stores twice',
    trouble: 'refusals',
    within: 40,
    found: /G8 message \d+ is there \d+ times, \d+ are explained/,
    bug: 'stores twice',
  },
  {
    name: 'Kinesis answers for the neighbour',
    trouble: 'refusals',
    within: 40,
    found:
      /G8 message \d+ was acked before its entry was accepted|G8 \S+ has message \d+ again, which is accepted/,
    bug: 'answers for the neighbour',
  },
];

/** The entry of each key that came last, by the order that a mutation breaks. */
const newest = new WeakMap<KeyOrder, Map<string, PendingEntry>>();
