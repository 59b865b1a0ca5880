import type { FanOutApi, StreamConsumer } from '../aws/fan-out-api';
import { ConnectorError, isConnectorError } from '../errors';
import { sleep } from '../util/clock';
import { type PatienceOptions, patiently } from './patience';

/** Milliseconds between two looks at a consumer that is being deleted; a stream allows twenty calls a second. */
const POLL_MS = 250;

/**
 * Deregisters a consumer and waits until it is gone; one that is gone already is none the worse.
 * @param timeout milliseconds for the wait
 * @throws ConnectorError KINESIS_CONSUMER_NOT_READY: it is still there; what does not heal; the signal's reason
 */
export async function deregisterConsumer(
  fanOut: Pick<FanOutApi, 'describeStreamConsumer' | 'deregisterStreamConsumer'>,
  { arn: consumerArn, name }: StreamConsumer,
  timeout: number,
  patience: PatienceOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = patience;
  await patiently(patience, signal, () =>
    orGone(fanOut.deregisterStreamConsumer({ consumerArn }, { signal })),
  );
  for (const deadline = clock.monotonic() + timeout; ; ) {
    const left = await patiently(patience, signal, () =>
      orGone(fanOut.describeStreamConsumer({ consumerArn }, { signal })),
    );
    if (left === GONE) {
      return;
    }
    if (clock.monotonic() >= deadline) {
      throw new ConnectorError('KINESIS_CONSUMER_NOT_READY', `consumer ${name} is still there`, {
        expected: `gone within ${timeout} ms`,
        found: left.status,
        hint: 'It is being deleted: `efo list` shows when it is gone.',
      });
    }
    await sleep(clock, POLL_MS, signal);
  }
}

const GONE = Symbol('gone');

async function orGone<T>(call: Promise<T>): Promise<T | typeof GONE> {
  try {
    return await call;
  } catch (error) {
    if (isConnectorError(error, 'KINESIS_CONSUMER_NOT_FOUND')) {
      return GONE;
    }
    throw error;
  }
}
