import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { DynamoApi, Item } from '../../../src/aws/dynamo-api';
import type { FanOutApi } from '../../../src/aws/fan-out-api';
import type { KinesisApi } from '../../../src/aws/kinesis-api';
import type { Weather } from '../simulated-process';
import type { CrashPoint } from './crash-points';
import type { FleetPlan, Trouble } from './fleet-plan';
import { factsOf, type WriteKind } from './lease-row';

/** A bug planted into lives, and what has to be said of it. */
export interface Mutation {
  readonly name: string;
  /** Lives of which kind are to find it, within so many seeds. */
  readonly trouble: Trouble;
  readonly within: number;
  /** The seed to begin with, for what few lives meet; 1 when absent. */
  readonly first?: number;
  readonly found: RegExp;
  /** Instead of the crash point that the seed names. */
  readonly point?: (seed: number) => CrashPoint;
  /** Instead of what the seed decides. */
  readonly plan?: Partial<FleetPlan>;
  /** In which every worker begins. */
  readonly weather?: Partial<Weather>;
  /** Changes the product. @returns what takes the change back */
  plant?(): () => void;
  /** DynamoDB as all workers have it. */
  dynamo?(inner: DynamoApi): DynamoApi;
  /** Kinesis as all workers have it. */
  kinesis?(inner: KinesisApi): KinesisApi;
  /** Enhanced fan-out as all workers have it. */
  fanOut?(inner: FanOutApi & KinesisApi): FanOutApi;
  /** What one worker calls. */
  calls?(inner: DynamoApi & { close(): void }, worker: string): DynamoApi & { close(): void };
}

/** Updates of some kinds lose their condition. */
export function unconditional(inner: DynamoApi, ...kinds: WriteKind[]): DynamoApi {
  return {
    ...inner,
    updateItem: (input, options) =>
      inner.updateItem(
        kinds.includes(factsOf(input).kind)
          ? { ...input, ConditionExpression: `attribute_exists(leaseKey) OR (${input.ConditionExpression})` }
          : input,
        options,
      ),
  };
}

/** The condition, in which every counter will do. What is named must be used. */
export function withoutCounter(input: UpdateItemCommandInput): UpdateItemCommandInput {
  const ConditionExpression = (input.ConditionExpression ?? '')
    .split(' AND ')
    .map((part) => (part.includes('leaseCounter') ? `(${part} OR attribute_exists(leaseKey))` : part))
    .join(' AND ');
  return { ...input, ConditionExpression };
}

export function without(item: Item, ...names: string[]): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)));
}
