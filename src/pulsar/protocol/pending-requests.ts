import type { Clock, TimerHandle } from '../../util/clock';
import { type Deferred, deferred } from '../../util/deferred';
import type { AnyCommand } from './command';
import type { Answers } from './endpoint';
import { ProtocolError, serverError } from './protocol-error';

/** Request ids alone do not make an answer of another kind readable. */
const ANSWERS: Answers = {
  partitionMetadata: 'partitionMetadataResponse',
  lookupTopic: 'lookupTopicResponse',
  getTopicsOfNamespace: 'getTopicsOfNamespaceResponse',
  producer: 'producerSuccess',
  closeProducer: 'success',
  subscribe: 'success',
  ack: 'ackResponse',
  unsubscribe: 'success',
  getLastMessageId: 'getLastMessageIdResponse',
  getSchema: 'getSchemaResponse',
  closeConsumer: 'success',
};

interface Waiting {
  readonly what: keyof Answers;
  readonly answer: Deferred<AnyCommand>;
  readonly timer: TimerHandle;
}

/** Requests of one connection that wait for their answer. */
export class PendingRequests {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** A new id and its answer. The answer rejects with `unavailable` after the time-out. */
  open(what: keyof Answers): { readonly requestId: number; readonly answer: Promise<AnyCommand> } {
    const requestId = ++this.#lastId;
    const answer = deferred<AnyCommand>();
    const timer = this.#clock.setTimer(() => {
      this.#waiting.delete(requestId);
      answer.reject(new ProtocolError('unavailable', `no answer to ${what} within ${this.#timeoutMs} ms`));
    }, this.#timeoutMs);
    this.#waiting.set(requestId, { what, answer, timer });
    return { requestId, answer: answer.promise };
  }

  /** Hands `command` to the request it answers. @returns false when it answers none (any more). */
  settle(command: AnyCommand): boolean {
    switch (command.name) {
      case 'error':
        return this.reject(command.body.requestId, serverError(command.body.error, command.body.message));
      case 'producerSuccess':
        // A producer that waits for exclusive access is answered a second time when it has it.
        return command.body.producerReady && this.resolve(command.body.requestId, command);
      case 'ackResponse':
        return this.#settleWith(command, command.body.error, command.body.message);
      case 'getSchemaResponse':
        return this.#settleWith(command, command.body.errorCode, command.body.errorMessage);
      case 'getLastMessageIdResponse':
      case 'success':
      case 'lookupTopicResponse':
      case 'partitionMetadataResponse':
      case 'getTopicsOfNamespaceResponse':
        return this.resolve(command.body.requestId, command);
      default:
        return false;
    }
  }

  /** @returns false when nobody waits for that id (any more). */
  resolve(requestId: number, command: AnyCommand): boolean {
    const waiting = this.#take(requestId);
    if (waiting !== undefined && command.name !== ANSWERS[waiting.what]) {
      const error = new ProtocolError('unavailable', `${command.name} in answer to ${waiting.what}`);
      waiting.answer.reject(error);
      return true;
    }
    waiting?.answer.resolve(command);
    return waiting !== undefined;
  }

  reject(requestId: number, error: ProtocolError): boolean {
    const waiting = this.#take(requestId);
    waiting?.answer.reject(error);
    return waiting !== undefined;
  }

  rejectAll(error: ProtocolError): void {
    for (const requestId of [...this.#waiting.keys()]) {
      this.reject(requestId, error);
    }
  }

  /** An answer that carries its own failure, `code`, when it is one. */
  #settleWith(
    command: AnyCommand & { readonly body: { readonly requestId: number } },
    code: number | undefined,
    text: string | undefined,
  ): boolean {
    const { requestId } = command.body;
    return code === undefined || code < 0
      ? this.resolve(requestId, command)
      : this.reject(requestId, serverError(code, text));
  }

  #take(requestId: number): Waiting | undefined {
    const waiting = this.#waiting.get(requestId);
    if (waiting !== undefined) {
      this.#waiting.delete(requestId);
      this.#clock.clearTimer(waiting.timer);
    }
    return waiting;
  }
}
