import { ServiceError } from '../../service-model';
import type { Account } from '../account';
import { operation, STREAM_REF } from '../operation';
import type { Stream } from '../stream';
import { uniformScaling } from '../uniform-scaling';

const DAY = 86_400_000;

/** Of one stream. Source: Kinesis API, UpdateShardCount. */
const MAX_SHARDS = 10_000;

export const updateShardCount = operation(
  {
    ...STREAM_REF,
    TargetShardCount: { type: 'Integer', required: true, min: 1 },
    ScalingType: { type: 'String', required: true, values: ['UNIFORM_SCALING'] },
  },
  (account, input) => {
    const stream = account.activeStream(input);
    const target = input.TargetShardCount;
    const current = stream.openShardCount;
    checkTarget(stream, current, target);
    const steps = uniformScaling(
      stream.openShards.map((shard) => shard.range),
      target,
    );
    // Shards that live only until they are merged count against the account's limit too.
    account.reserveShards(steps.filter(({ children }) => children.length > 1).length);
    countScaling(account, stream);
    stream.begin(
      'UPDATING',
      account.now(),
      account.settings.settleMs,
      ...steps.map(({ parents, children }) => () => {
        const shards = parents.map((range) => stream.route(range.start));
        stream.reshard(shards, children, account.now());
      }),
    );
    return {
      StreamName: stream.settings.name,
      StreamARN: stream.settings.arn,
      CurrentShardCount: current,
      TargetShardCount: target,
    };
  },
);

function checkTarget(stream: Stream, current: number, target: number): void {
  if (stream.settings.mode === 'ON_DEMAND') {
    throw new ServiceError(
      'ValidationException',
      `UpdateShardCount is not supported for stream ${stream.settings.name}: it is in ON_DEMAND mode.`,
    );
  }
  const counts = `Current open shard count: ${current} Target shard count: ${target}`;
  if (target > current * 2) {
    throw limit(`UpdateShardCount cannot scale up over double your current open shard count. ${counts}`);
  }
  if (target * 2 < current) {
    throw limit(`UpdateShardCount cannot scale down below half your current open shard count. ${counts}`);
  }
  if (target > current ? target > MAX_SHARDS : current > MAX_SHARDS && target >= MAX_SHARDS) {
    throw limit(`UpdateShardCount cannot scale a stream beyond ${MAX_SHARDS} shards. ${counts}`);
  }
}

function countScaling(account: Account, stream: Stream): void {
  const recent = stream.scalings.filter((at) => at > account.now() - DAY);
  if (recent.length >= account.settings.scalingsPerDay) {
    throw limit(
      `UpdateShardCount was called ${recent.length} times on stream ${stream.settings.name} within 24 hours. ` +
        `Limit: ${account.settings.scalingsPerDay}.`,
    );
  }
  stream.scalings = [...recent, account.now()];
}

function limit(message: string): ServiceError {
  return new ServiceError('LimitExceededException', message);
}
