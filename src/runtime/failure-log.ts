import { isConnectorError } from '../errors';
import type { ReceivedMessage } from '../pulsar/transport';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { MessageOutcome } from './message-outcome';

/** Milliseconds between two lines about the same outcome. */
const INTERVAL_MS = 10_000;

const WHAT_NEXT = {
  REDELIVER: 'the sink failed a message; it is delivered again',
  DEAD_LETTER: 'the sink failed a message; it goes to the dead-letter topic',
  END: 'the sink failed a message; the instance ends, and the message stays unacknowledged',
  DROP: 'the sink failed a message; it is lost, as ATMOST_ONCE allows',
} as const;

/** Tells of failed messages: each outcome at most once in a while, with how many there were. */
export class FailureLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #lines = new Map<MessageOutcome, { messages: number; notBefore: number }>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  tell(outcome: MessageOutcome, message: ReceivedMessage, cause: Error): void {
    const now = this.#clock.monotonic();
    const line = this.#lines.get(outcome) ?? { messages: 0, notBefore: now };
    line.messages++;
    this.#lines.set(outcome, line);
    if (now < line.notBefore) {
      return;
    }
    this.#logger.warn(
      {
        code: isConnectorError(cause) ? cause.code : cause.name,
        topic: message.topic,
        message: message.id,
        messages: line.messages,
        reason: cause.message,
      },
      WHAT_NEXT[outcome],
    );
    this.#lines.set(outcome, { messages: 0, notBefore: now + INTERVAL_MS });
  }
}
