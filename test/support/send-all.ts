import { ConnectorError } from '../../src/errors';
import type { OutgoingMessage, ProducerTransport } from '../../src/pulsar/transport';
import { sleep, systemClock } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';

/** Milliseconds until a topic that cannot be sent to is tried again. */
const PAUSE_MS = 100;

/**
 * Sends all of `messages` under backpressure and waits until each is confirmed. It starts again from the first
 * unconfirmed one, as a lane does, after an error that heals by itself.
 * @param halfway what is done in the middle.
 * @returns codes of the errors on the way. @throws ConnectorError one that does not heal by itself.
 */
export async function sendAll(
  transport: ProducerTransport,
  topic: string,
  messages: readonly OutgoingMessage[],
  halfway: () => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const confirmed = new Set<OutgoingMessage>();
  const codes: string[] = [];
  let away: Promise<unknown> | undefined;
  for (;;) {
    const ended = deferred<ConnectorError | undefined>();
    let room = deferred<void>();
    const producer = await transport
      .createProducer({
        topic,
        listener: {
          confirmed: (message) => {
            confirmed.add(message);
            if (confirmed.size === messages.length) {
              ended.resolve(undefined);
            }
          },
          rejected: (_message, error) => ended.resolve(error),
          failed: (error) => ended.resolve(error),
          drained: () => room.resolve(),
        },
      })
      .catch((error: ConnectorError) => error);
    if (!(producer instanceof ConnectorError)) {
      let left = messages.length - confirmed.size;
      for (const one of messages.filter((message) => !confirmed.has(message))) {
        if (!producer.writable) {
          room = deferred<void>();
          await Promise.race([room.promise, ended.promise]);
        }
        producer.send(one);
        if (--left <= messages.length / 2) {
          away ??= halfway();
        }
      }
    }
    const error = producer instanceof ConnectorError ? producer : await ended.promise;
    if (error === undefined) {
      await away;
      return codes;
    }
    codes.push(error.code);
    await (producer instanceof ConnectorError ? sleep(systemClock, PAUSE_MS) : producer.close(5000));
    if (error.treatment !== 'retry') {
      await away;
      throw error;
    }
  }
}
