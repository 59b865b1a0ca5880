import { SinkLife, type SinkLimits } from './sink-life';

/** `too large` and `poison` can never be stored: the sink finds out by itself, or from Kinesis. */
export type MessageKind = 'plain' | 'null' | 'too large' | 'poison';

/** One message of the topic, and everything that happened to it. */
export interface AuditedMessage {
  readonly index: number;
  readonly key: string | undefined;
  readonly kind: MessageKind;
  /** Records of it in the stream. */
  copies: number;
  /** Those among them whose sender never learned of them. */
  unanswered: number;
  /** Sinks that were given it, one mention each time. */
  readonly takers: SinkLife[];
  deadLetters: number;
  /** A sink settled it without storing it, as the policy says. */
  givenUp: boolean;
  acknowledged: boolean;
  /** An acknowledgement of it did not reach the broker. */
  ackLost: boolean;
  readonly trail: string[];
}

export interface Violation {
  readonly text: string;
  readonly message: number | undefined;
}

export interface AuditRules {
  /** First arrivals of a key must come in order. */
  readonly ordered: boolean;
  readonly now: () => number;
}

/** Knows what was published, sent, stored and settled in one run, and says at once when a promise is broken. */
export class SinkAudit {
  readonly violations: Violation[] = [];
  readonly messages: AuditedMessage[] = [];
  readonly lives: SinkLife[] = [];
  readonly rules: AuditRules;
  readonly #byKey = new Map<string, AuditedMessage[]>();
  readonly #history: string[] = [];

  constructor(rules: AuditRules) {
    this.rules = rules;
  }

  publish(key: string | undefined, kind: MessageKind): AuditedMessage {
    const message: AuditedMessage = {
      index: this.messages.length,
      key,
      kind,
      copies: 0,
      unanswered: 0,
      takers: [],
      deadLetters: 0,
      givenUp: false,
      acknowledged: false,
      ackLost: false,
      trail: [],
    };
    this.messages.push(message);
    if (key !== undefined) {
      this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), message]);
    }
    return message;
  }

  life(name: string, limits: SinkLimits): SinkLife {
    const life = new SinkLife(this, name, limits);
    this.lives.push(life);
    return life;
  }

  /** An event of the world. */
  note(text: string): void {
    this.#history.push(`${Math.round(this.rules.now())} ${text}`);
  }

  /** An event of a message. */
  trace(message: AuditedMessage, text: string): void {
    message.trail.push(`${Math.round(this.rules.now())} ${text}`);
  }

  broken(text: string, message?: AuditedMessage): void {
    this.violations.push({
      text: `${text} (at ${Math.round(this.rules.now())} ms)`,
      message: message?.index,
    });
  }

  /** A record of `message` is in the stream. */
  stored(message: AuditedMessage): void {
    if (message.copies++ > 0 || message.key === undefined || !this.rules.ordered) {
      return;
    }
    const missing = this.#byKey
      .get(message.key)
      ?.find(({ index, copies, givenUp }) => index < message.index && copies === 0 && !givenUp);
    if (missing !== undefined) {
      this.broken(`G8 message ${message.index} was stored before ${missing.index} of its key`, message);
    }
  }

  /** A consumer tells the broker that `message` is done with. */
  acknowledged(message: AuditedMessage, lost: boolean): void {
    this.trace(message, `acknowledged${lost ? ', which the broker does not hear' : ''}`);
    message.acknowledged = true;
    message.ackLost ||= lost;
  }

  /** Promises that hold once all is over. */
  finish(): void {
    for (const message of this.messages) {
      const { index, kind, copies, unanswered, takers, deadLetters, givenUp, ackLost } = message;
      if (copies === 0 && !givenUp) {
        this.broken(`G8 message ${index} was lost`, message);
      }
      if (copies > 0 && (kind === 'too large' || kind === 'poison')) {
        this.broken(`message ${index} was stored, though it is ${kind}`, message);
      }
      if (deadLetters > 0 && !givenUp) {
        this.broken(`G8 message ${index} is a dead letter, and no sink said so`, message);
      }
      // One that its sender knows of is acknowledged, and does not come again while the broker hears of that.
      const twice = ackLost || takers.some(({ cut }) => cut);
      const most = (twice ? takers.length : 1) + unanswered;
      if (copies > most) {
        this.broken(`G8 message ${index} is there ${copies} times, ${most} are explained`, message);
      }
    }
  }

  /** What led to the first violation, short enough to read. */
  history(): string[] {
    const { message } = this.violations[0] ?? {};
    const trail = message === undefined ? [] : (this.messages[message]?.trail ?? []);
    return [
      ...this.#history.slice(-12).map((line) => `  ${line}`),
      ...trail.slice(-12).map((line) => `  message ${message}: ${line}`),
    ];
  }
}
