import type { WebSocket } from 'ws';
import type { MemoryBroker } from '../../src/pulsar/memory-broker';
import { systemClock } from '../../src/util/clock';
import type { WebSocketScript } from './fake-websocket-service';
import { messageIdOf } from './websocket-message-ids';

interface Frame {
  readonly payload: string;
  readonly context?: string;
  readonly key?: string;
  readonly properties?: { readonly [name: string]: string };
  readonly eventTime?: string;
}

/** A producer of the fake service: one socket. */
export class FakeWebSocketProducer {
  constructor(
    readonly socket: WebSocket,
    readonly broker: MemoryBroker,
    readonly script: WebSocketScript,
    readonly topic: string,
    name: string,
  ) {
    socket.on('message', (data) => this.#received(data.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => broker.unregister(topic, name));
  }

  #received(text: string): void {
    const { maxFrameBytes, send } = this.script;
    if (this.socket.readyState !== this.socket.OPEN) {
      return;
    }
    const bytes = Buffer.byteLength(text);
    if (bytes > maxFrameBytes) {
      const reason = `Resulting message size [${bytes}] is too large for configured max of [${maxFrameBytes}]`;
      this.socket.close(1009, reason);
      return;
    }
    const frame = JSON.parse(text) as Frame;
    const { payload, key, properties = {}, eventTime } = frame;
    const value = Buffer.from(payload, 'base64');
    const verdict = send(value.toString());
    if (verdict === 'disconnect') {
      this.socket.terminate();
    } else if (typeof verdict === 'object') {
      this.#answer({ result: 'send-error:8', errorMsg: verdict.error }, frame);
    } else if (verdict !== 'swallow') {
      const at = eventTime === undefined ? undefined : Date.parse(eventTime);
      this.broker.store(this.topic, { key, value, eventTime: at, properties }, systemClock.now());
      if (verdict === 'store') {
        this.#answer({ result: 'ok', messageId: messageIdOf(this.broker.stored(this.topic) - 1) }, frame);
      }
    }
  }

  #answer(answer: object, { context }: Frame): void {
    this.socket.send(JSON.stringify({ ...answer, context, errorCode: 0, schemaVersion: 0 }));
  }
}
