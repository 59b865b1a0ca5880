import { once } from 'node:events';
import WebSocket from 'ws';
import { topicPath } from './pulsar-reader';

/** A message as Pulsar's WebSocket API takes it. */
export interface WebSocketMessage {
  readonly key?: string;
  readonly payload: Buffer;
  readonly properties?: { readonly [name: string]: string };
  /** Milliseconds since the epoch. */
  readonly eventTime?: number;
}

/**
 * Sends messages through the broker's own Java client behind its WebSocket API, and resolves when all are confirmed.
 * @param options parameters of that producer, for example `compressionType: 'LZ4'`.
 */
export async function produceByJava(
  wsUrl: string,
  topic: string,
  messages: readonly WebSocketMessage[],
  options: { readonly [name: string]: string } = {},
): Promise<void> {
  const parameters = new URLSearchParams({ maxPendingMessages: '5000', ...options });
  const socket = new WebSocket(`${wsUrl}/ws/v2/producer/${topicPath(topic)}?${parameters}`);
  await once(socket, 'open');
  let confirmed = 0;
  const done = new Promise<void>((resolve, reject) => {
    socket.on('message', (data) => {
      const { result, errorMsg } = JSON.parse(String(data)) as {
        readonly result: string;
        readonly errorMsg?: string;
      };
      if (result !== 'ok') {
        reject(new Error(`${result}: ${errorMsg}`));
      } else if (++confirmed === messages.length) {
        resolve();
      }
    });
    socket.on('close', (code) => reject(new Error(`the producer was closed with ${code}`)));
  });
  for (const { payload, eventTime, ...rest } of messages) {
    socket.send(
      JSON.stringify({
        ...rest,
        payload: payload.toString('base64'),
        ...(eventTime === undefined ? {} : { eventTime: new Date(eventTime).toISOString() }),
      }),
    );
  }
  await done.finally(() => socket.terminate());
}
