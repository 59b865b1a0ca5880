import type { Item } from '../../../src/aws/dynamo-api';
import { HeldLease } from '../../../src/lease/held-lease';
import { LeaseCoordinator } from '../../../src/lease/lease-coordinator';
import { Parents } from '../../../src/lease/parents';
import { Progress } from '../../../src/lease/progress';
import { Tenure } from '../../../src/lease/tenure';
import { instantOf } from '../../../src/lease/validity';
import { DeliveryLane } from '../../../src/runtime/delivery-lane';
import { DataLossWatch } from '../../../src/source/data-loss-watch';
import { ReceiveBudget } from '../../../src/source/receive-budget';
import { type TrackedEntry, Tracker } from '../../../src/source/tracker';
import type { Clock } from '../../../src/util/clock';
import { factsOf } from './lease-row';
import { type Mutation, unconditional, without, withoutCounter } from './mutation';
import { all, patch, patchGetter } from './patch';

/** Takes away the second line of defence: while a renewal is due no more is read, and so nothing is sent. */
function readsOn(): () => void {
  return patch(LeaseCoordinator.prototype, 'renewalsFirst', () => () => Promise.resolve());
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'checkpoints what is not confirmed',
    trouble: 'calm',
    within: 20,
    found: /G1 the checkpoint of \S+ passed record \d+, which is not stored/,
    plant: () => {
      const newest = new WeakMap<Tracker, TrackedEntry>();
      const undo = patch(
        Tracker.prototype,
        'append',
        (append) =>
          function (this: Tracker, entry) {
            newest.set(this, entry);
            append.call(this, entry);
          },
      );
      return all(
        undo,
        patchGetter(Tracker.prototype, 'position', function (this: Tracker) {
          return newest.get(this);
        }),
      );
    },
  },
  {
    name: 'does not see that records were trimmed',
    trouble: 'deaths',
    within: 60,
    found: /G1 \S+ \S+ sent record \d+ and did not tell that \d+ is missing/,
    plan: { retention: 4000, start: 'TRIM_HORIZON' },
    plant: () => patch(DataLossWatch.prototype, 'admits', () => () => true),
  },
  {
    name: 'renews without the checkpoint',
    trouble: 'calm',
    within: 20,
    found: /G3 \S+ the checkpoint of \S+'s renewal lacks what was confirmed/,
    plant: () =>
      patch(
        Progress.prototype,
        'changeOf',
        (changeOf) =>
          function (this: Progress, lease, release) {
            const { checkpoint, ...rest } = changeOf.call(this, lease, release);
            return release && checkpoint !== undefined ? { ...rest, checkpoint } : rest;
          },
      ),
  },
  {
    name: 'gives up on no condition of the counter',
    trouble: 'steps',
    within: 200,
    point: (seed) => ({ kind: 'evict', nth: seed % 4, fate: 'late, its asker killed' }),
    found: /G4 \S+ \S+ wrote for counter/,
    dynamo: (inner) => ({
      ...inner,
      updateItem: (input, options) =>
        inner.updateItem(factsOf(input).kind === 'evict' ? withoutCounter(input) : input, options),
    }),
  },
  {
    name: 'takes on no condition',
    trouble: 'calm',
    first: 16,
    within: 40,
    found: /G4 \S+ \S+ (wrote for counter|stole it from)/,
    dynamo: (inner) => unconditional(inner, 'take'),
  },
  {
    name: 'writes on, on no condition, when the lease is lost',
    trouble: 'deaths',
    within: 60,
    found: /G4 \S+ \S+ wrote|G1 \S+ its checkpoint went back/,
    plant: () => patch(Tenure.prototype, 'require', () => () => undefined),
    dynamo: (inner) => unconditional(inner, 'renew', 'checkpoint', 'draining'),
  },
  {
    name: 'counts validity from the answer',
    trouble: 'deaths',
    first: 11,
    within: 300,
    found: /G4 \S+ \S+ sent record \d+ \d+ ms after its lease had run out/,
    weather: { slow: 0.8, lostWrites: 0.2 },
    plant: () =>
      all(
        patch(
          Tenure.prototype,
          'renewed',
          (renewed) =>
            function (this: Tenure) {
              const { clock } = this as unknown as { readonly clock: Clock };
              renewed.call(this, instantOf(clock));
            },
        ),
        readsOn(),
      ),
  },
  {
    name: 'sends on when the lease has run out',
    trouble: 'deaths',
    first: 10,
    within: 60,
    found: /G4 \S+ \S+ sent record/,
    plant: () =>
      all(
        patch(Tenure.prototype, 'isValid', () => () => true),
        readsOn(),
      ),
  },
  {
    name: 'overlooks a request in a row it reads again',
    trouble: 'faults',
    first: 141,
    within: 200,
    found: /hand-over \S+ \S+ knew the request and wrote without answering it/,
    calls: (inner, worker) => ({
      ...inner,
      getItem: async (input, options) => {
        const item = await inner.getItem(input, options);
        const own = item?.leaseOwner?.S?.startsWith(`${worker}-`) === true;
        return item !== undefined && own ? without(item, 'handoffTo', 'handoffId') : item;
      },
    }),
  },
  {
    name: 'takes what was handed to another',
    trouble: 'calm',
    within: 60,
    found: /hand-over \S+ \S+ took what was handed to/,
    calls: (inner) => ({
      ...inner,
      scan: async (input, options) => {
        const page = await inner.scan(input, options);
        const free = (item: Item): Item =>
          item.leaseOwner === undefined ? without(item, 'handoffTo', 'handoffId', 'draining') : item;
        return { ...page, items: page.items.map(free) };
      },
    }),
  },
  {
    name: 'gives up before what is in flight is answered',
    trouble: 'calm',
    first: 23,
    within: 40,
    found: /G3 \d+ records came again|G3 \S+ record \d+ came again/,
    plant: () =>
      patch(
        DeliveryLane.prototype,
        'close',
        (close) =>
          async function (this: DeliveryLane, deadlineMs) {
            void close.call(this, deadlineMs);
            return true;
          },
      ),
  },
  {
    name: 'starts a child at once',
    trouble: 'calm',
    within: 60,
    found: /G2 \S+ was read before its ancestor/,
    plant: () => patch(Parents.prototype, 'wait', () => () => Promise.resolve()),
  },
  {
    name: 'starts a child because the row of its parent is absent',
    trouble: 'calm',
    first: 46,
    within: 400,
    found: /G2 \S+ was read before its ancestor/,
    plan: { start: 'TRIM_HORIZON', streams: 1, orphan: true },
    plant: () =>
      patch(
        Parents.prototype,
        'finished',
        (finished) =>
          function (this: Parents, lease) {
            return finished.call(this, lease) !== false;
          },
      ),
  },
  {
    name: 'finishes a shard before its children have rows',
    trouble: 'calm',
    within: 20,
    found: /table \S+ was finished before its child \S+ had a row/,
    plant: () => patch(LeaseCoordinator.prototype, 'createChildren', () => () => Promise.resolve()),
  },
  {
    name: 'does not freeze LATEST',
    trouble: 'calm',
    within: 20,
    found: /G1 \S+ was created without the instant/,
    calls: (inner) => ({
      ...inner,
      putItem: (input, options) =>
        inner.putItem({ ...input, Item: without(input.Item ?? {}, 'startAt') }, options),
    }),
  },
  {
    name: 'writes twice at a time',
    trouble: 'calm',
    within: 20,
    found: /G4 \S+ \S+ wrote again before its write was answered/,
    plant: () =>
      patch(
        HeldLease.prototype,
        'renew',
        (renew) =>
          function (this: HeldLease) {
            const { deps, shardId } = this as unknown as RenewalParts;
            const holder = { owner: deps.worker, counter: this.lease.counter };
            void deps.table.write(shardId, holder, {}, new AbortController().signal).catch(() => undefined);
            return renew.call(this);
          },
      ),
  },
  {
    name: 'reads on without room',
    trouble: 'calm',
    first: 15,
    within: 60,
    found: /G5 \S+ holds \d+ bytes/,
    plant: () =>
      patch(
        ReceiveBudget.prototype,
        'take',
        () =>
          function (this: ReceiveBudget, bytes) {
            this.force(bytes);
            return Promise.resolve();
          },
      ),
  },
];

/** What the mutation above needs of a lease it is not given. */
interface RenewalParts {
  readonly shardId: string;
  readonly deps: {
    readonly worker: string;
    readonly table: {
      write(shardId: string, holder: object, change: object, signal: AbortSignal): Promise<unknown>;
    };
  };
}
