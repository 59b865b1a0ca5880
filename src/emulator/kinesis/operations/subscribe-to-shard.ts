import { ServiceError } from '../../service-model';
import type { InputOf } from '../../shape';
import { CONSUMER_REF, operation, SEQUENCE_NUMBER, SHARD_ID } from '../operation';
import { limitCalls } from '../read-limits';
import { checkActive, registrationOf } from '../registration';
import { placeOfStart, STARTING_TYPES } from '../starting-position';
import { Subscription } from '../subscription';

const SHAPE = {
  ConsumerARN: { ...CONSUMER_REF.ConsumerARN, required: true },
  ShardId: { ...SHARD_ID, required: true },
  StartingPosition: {
    type: 'Structure',
    required: true,
    fields: {
      Type: { type: 'String', required: true, values: STARTING_TYPES },
      SequenceNumber: SEQUENCE_NUMBER,
      Timestamp: { type: 'Timestamp' },
    },
  },
} as const;

/** What waiting cannot mend is looked at first. */
export const subscribeToShard = operation(SHAPE, (account, input): Subscription => {
  const registration = registrationOf(account, input);
  const { consumer } = registration;
  const stream = account.readyStream({ StreamARN: registration.stream.settings.arn });
  const shard = account.shard(stream, input.ShardId);
  checkActive(account, registration);
  const { Type: type, SequenceNumber: sequenceNumber, Timestamp: timestamp } = input.StartingPosition;
  const position = placeOfStart(account, stream, shard, {
    type,
    sequenceNumber,
    timestamp,
    usedIn: 'SubscribeToShard',
  });
  const seat = consumer.seat(shard.id);
  const now = account.now();
  const what = `${account.id}:${stream.settings.name}:${shard.id}:${consumer.name}`;
  limitCalls(seat.calls, account.settings.readLimits?.subscribeToShard, now, `consumer ${what}`);
  const inUse = new ServiceError(
    'ResourceInUseException',
    `Another active subscription exists for this consumer: ${what}`,
  );
  if (seat.isSafe(now)) {
    throw inUse;
  }
  const subscription = new Subscription({ account, stream, shard, seat, position, takenOver: inUse });
  seat.take(subscription, now);
  return subscription;
});

export type SubscribeToShardInput = InputOf<typeof SHAPE>;
