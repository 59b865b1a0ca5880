import WebSocket from 'ws';
import { systemClock } from '../../src/util/clock';

export interface ReadMessage {
  readonly payload: Buffer;
  readonly key: string | undefined;
  readonly properties: { readonly [name: string]: string };
  /** Milliseconds since the epoch; undefined when the message has none. */
  readonly eventTime: number | undefined;
  readonly messageId: string;
}

interface Frame {
  readonly messageId: string;
  readonly payload: string;
  readonly key?: string;
  readonly properties?: { readonly [name: string]: string };
  readonly eventTime?: string;
}

/** `a` or `persistent://public/default/a` as the path the WebSocket API wants. */
export function topicPath(topic: string): string {
  const [domain, rest] = topic.includes('://')
    ? topic.split('://')
    : ['persistent', `public/default/${topic}`];
  return `${domain}/${rest}`;
}

/**
 * The first `count` messages of `topic`, in order, by the broker's own client behind its WebSocket API: nothing
 * of ours is in the way.
 * @param timeoutMs without a new message until it gives up.
 * @throws when fewer came.
 */
export function readTopic(
  wsUrl: string,
  topic: string,
  count: number,
  timeoutMs = 20_000,
): Promise<ReadMessage[]> {
  return readTopicUntil(wsUrl, topic, (messages) => messages.length >= count, timeoutMs);
}

/** The same, until `done` says that nothing more is wanted; it is asked after each message. */
export function readTopicUntil(
  wsUrl: string,
  topic: string,
  done: (messages: readonly ReadMessage[]) => boolean,
  timeoutMs = 20_000,
): Promise<ReadMessage[]> {
  const url = `${wsUrl}/ws/v2/reader/${topicPath(topic)}?messageId=earliest&receiverQueueSize=2000`;
  const socket = new WebSocket(url);
  return collect(socket, done, timeoutMs).finally(() => socket.terminate());
}

function collect(
  socket: WebSocket,
  done: (messages: readonly ReadMessage[]) => boolean,
  timeoutMs: number,
): Promise<ReadMessage[]> {
  const messages: ReadMessage[] = [];
  return new Promise((resolve, reject) => {
    const giveUp = (reason: string): void => {
      systemClock.clearTimer(timer);
      reject(new Error(`${messages.length} messages were read, then ${reason}`));
    };
    const restart = () => systemClock.setTimer(() => giveUp('nothing came any more'), timeoutMs);
    let timer = restart();
    // Attached at creation: messages arrive together with the handshake.
    socket.on('message', (data) => {
      const frame = JSON.parse(data.toString()) as Frame;
      socket.send(JSON.stringify({ messageId: frame.messageId }));
      messages.push({
        payload: Buffer.from(frame.payload, 'base64'),
        key: frame.key,
        properties: frame.properties ?? {},
        eventTime: frame.eventTime === undefined ? undefined : Date.parse(frame.eventTime),
        messageId: frame.messageId,
      });
      systemClock.clearTimer(timer);
      if (done(messages)) {
        resolve(messages);
      } else {
        timer = restart();
      }
    });
    socket.on('error', (error) => giveUp(error.message));
    socket.on('close', (code) => giveUp(`the reader was closed with ${code}`));
  });
}
