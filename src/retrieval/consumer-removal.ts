import { isConnectorError, messageOf } from '../errors';
import { abortable } from '../util/abort';
import { type Clock, sleep } from '../util/clock';
import type { Logger } from '../util/logger';
import type { ConsumerRegistration } from './consumer-registration';

export interface ConsumerRemoval {
  readonly consumer: Pick<ConsumerRegistration, 'deregister'>;
  /** Whether any worker reads the stream, by a look at the whole lease table as it is now. */
  readonly inUse: (signal: AbortSignal) => Promise<boolean>;
  /** Milliseconds in which any other worker that runs would have taken what this one gave up. */
  readonly takeTime: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Deregisters the consumer of a source that has just given up its leases, unless somebody else still reads the stream.
 * Workers that run and hold nothing show in no table: they take what was given up, so it is looked a second time after
 * `takeTime`. In doubt the consumer stays: whoever needs one finds it, and whoever pays for it can deregister it. A
 * worker that begins between the second look and the call loses the consumer it has just found; its readers meet
 * KINESIS_CONSUMER_NOT_FOUND, and it registers anew.
 * Never throws: nothing depends on it.
 * @param signal ends it; the consumer stays then
 */
export async function removeConsumer(removal: ConsumerRemoval, signal: AbortSignal): Promise<void> {
  const { consumer, inUse, takeTime, clock, logger } = removal;
  try {
    const isUsed = (): Promise<boolean> => abortable(inUse(signal), signal);
    if (await isUsed()) {
      return;
    }
    await sleep(clock, takeTime, signal);
    if (await isUsed()) {
      return;
    }
    await abortable(consumer.deregister(signal), signal);
  } catch (error) {
    const code = isConnectorError(error) ? error.code : undefined;
    logger.warn(
      { ...(code !== undefined && { code }), reason: messageOf(error) },
      'the fan-out consumer stays registered, and is paid for, until somebody deregisters it',
    );
  }
}
