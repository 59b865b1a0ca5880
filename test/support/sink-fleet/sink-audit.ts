import type { History } from '../fleet/history';
import type { HopelessPolicy } from './sink-settings';
import { type SinkLimits, SinkTenure } from './sink-tenure';

/** `too large` and `poison` can never be stored: the sink finds out by itself, or from Kinesis. */
export type MessageKind = 'plain' | 'null' | 'too large' | 'poison';

/** One message of the topic, and everything that happened to it. */
export interface AuditedMessage {
  readonly index: number;
  readonly key: string | undefined;
  readonly kind: MessageKind;
  /** Records of it in the stream that the KCL delivers. */
  copies: number;
  /** Those in frames which it drops, because not all of them lies in the range of the shard. */
  dropped: number;
  /** Those among them whose sender never learned of them. */
  unanswered: number;
  /** Sinks that were given it, one mention each time. */
  readonly takers: SinkTenure[];
  deadLetters: number;
  /** A sink settled it without storing it, as the policy says. */
  givenUp: boolean;
  /** The broker knows that it is done with. */
  acknowledged: boolean;
}

export interface AuditRules {
  /** First arrivals of a key must come in order. */
  readonly ordered: boolean;
  readonly policy: HopelessPolicy;
  readonly now: () => number;
}

/** Knows what was published, sent, stored and settled in one run, and says at once when a promise is broken. */
export class SinkAudit {
  readonly messages: AuditedMessage[] = [];
  readonly rules: AuditRules;
  readonly history: History;
  readonly #byKey = new Map<string, AuditedMessage[]>();

  constructor(history: History, rules: AuditRules) {
    this.history = history;
    this.rules = rules;
  }

  publish(key: string | undefined, kind: MessageKind): AuditedMessage {
    const message: AuditedMessage = {
      index: this.messages.length,
      key,
      kind,
      copies: 0,
      dropped: 0,
      unanswered: 0,
      takers: [],
      deadLetters: 0,
      givenUp: false,
      acknowledged: false,
    };
    this.messages.push(message);
    if (key !== undefined) {
      this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), message]);
    }
    return message;
  }

  tenure(name: string, limits: SinkLimits): SinkTenure {
    return new SinkTenure(this, name, limits);
  }

  /** An event of a message. */
  trace(message: AuditedMessage, worker: string, text: string): void {
    this.history.note(text, worker, nameOf(message));
  }

  broken(text: string, message?: AuditedMessage): void {
    this.history.broken(text, message === undefined ? '' : nameOf(message));
  }

  /** A record of `message` is in the stream. @param delivered whether the KCL delivers it */
  stored(message: AuditedMessage, delivered: boolean): void {
    // To a reader that drops nothing.
    this.#inOrder(message, ({ copies, dropped }) => copies + dropped);
    if (delivered) {
      this.#inOrder(message, ({ copies }) => copies);
      message.copies++;
    } else {
      message.dropped++;
    }
  }

  #inOrder(message: AuditedMessage, countOf: (message: AuditedMessage) => number): void {
    if (countOf(message) > 0 || message.key === undefined || !this.rules.ordered) {
      return;
    }
    const missing = this.#byKey
      .get(message.key)
      ?.find((other) => other.index < message.index && countOf(other) === 0 && !other.givenUp);
    if (missing !== undefined) {
      this.broken(`G8 message ${message.index} was stored before ${missing.index} of its key`, message);
    }
  }

  /** The broker hears that `message` is done with: then Kinesis has it, or it was given up as the policy says. */
  acknowledged(message: AuditedMessage): void {
    const { index, copies, deadLetters, givenUp } = message;
    this.trace(message, '', 'acknowledged');
    message.acknowledged = true;
    const skipped = givenUp && this.rules.policy === 'skip';
    if (copies === 0 && deadLetters === 0 && !skipped) {
      this.broken(`G8 message ${index} was acknowledged and is nowhere`, message);
    }
  }

  /** Promises that hold once all is over. */
  finish(): void {
    for (const message of this.messages) {
      const { index, kind, copies, unanswered, takers, deadLetters, givenUp, acknowledged } = message;
      if (copies === 0 && !givenUp) {
        this.broken(`G8 message ${index} was lost`, message);
      }
      if (!acknowledged) {
        this.broken(`G8 message ${index} was left unacknowledged`, message);
      }
      if (copies > 0 && (kind === 'too large' || kind === 'poison')) {
        this.broken(`message ${index} was stored, though it is ${kind}`, message);
      }
      if (deadLetters > 0 && !givenUp) {
        this.broken(`G8 message ${index} is a dead letter, and no sink said so`, message);
      }
      const most = takers.length + unanswered;
      if (copies > most) {
        this.broken(`G8 message ${index} is there ${copies} times, ${most} are explained`, message);
      }
    }
  }
}

function nameOf({ index }: AuditedMessage): string {
  return `#${index}`;
}
