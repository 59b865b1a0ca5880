import type { ConnectorError } from '../../src/errors';
import type { OutgoingMessage, ProducerListener } from '../../src/pulsar/transport';

/** A message of the tests; `value` is its text. */
export function message(text: string, extra: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { key: undefined, value: Buffer.from(text), eventTime: undefined, properties: {}, ...extra };
}

export function textOf({ value }: { readonly value: Uint8Array }): string {
  return Buffer.from(value).toString();
}

/** A listener that writes down what it hears, and lets a test wait for it. */
export class ProducerLog implements ProducerListener<OutgoingMessage> {
  readonly confirmedTexts: string[] = [];
  readonly rejections: { readonly text: string; readonly error: ConnectorError }[] = [];
  readonly failures: ConnectorError[] = [];
  drains = 0;
  readonly #waiters = new Set<() => void>();

  confirmed(stored: OutgoingMessage): void {
    this.confirmedTexts.push(textOf(stored));
    this.#tell();
  }

  rejected(refused: OutgoingMessage, error: ConnectorError): void {
    this.rejections.push({ text: textOf(refused), error });
    this.#tell();
  }

  failed(error: ConnectorError): void {
    this.failures.push(error);
    this.#tell();
  }

  drained(): void {
    this.drains++;
    this.#tell();
  }

  /** Everything heard so far, as one number. */
  get events(): number {
    return this.confirmedTexts.length + this.rejections.length + this.failures.length + this.drains;
  }

  /** Resolves when `condition` holds; it is looked at after everything heard. */
  until(condition: (log: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (condition(this)) {
          this.#waiters.delete(look);
          resolve();
        }
      };
      this.#waiters.add(look);
      look();
    });
  }

  #tell(): void {
    for (const look of [...this.#waiters]) {
      look();
    }
  }
}
