import { type Clock, sleep } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import {
  partOf,
  type SecretAnswer,
  type SecretReference,
  type StoredSecret,
  secretKey,
} from './secret-reference';

/** The part of the interval by which a refresh may come sooner: processes that started together drift apart. */
const JITTER = 0.1;
/** Milliseconds between two refreshes that were asked for: what refuses a secret may ask at every attempt. */
const PAUSE_MS = 10_000;

export interface RefreshSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Reads all secrets; answers by `secretKey`. @throws the signal's reason */
export type ReadAll = (
  secrets: readonly StoredSecret[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, SecretAnswer>>;

interface Background extends RefreshSurroundings {
  readonly stop: AbortController;
  refreshing: Promise<void> | undefined;
  /** Monotonic. */
  refreshedAt: number;
}

/**
 * The secrets of a configuration, and their newest values: those who hold on to a secret ask at each use. A secret
 * that cannot be read again, or is not any more what its references need, keeps its value.
 */
export class RotatingSecrets {
  readonly #references: readonly SecretReference[];
  readonly #read: ReadAll;
  readonly #interval: number;
  readonly #texts: Map<string, string>;
  readonly #failing = new Set<string>();
  #background: Background | undefined;
  #version = 0;

  /**
   * @param texts of the secrets, by `secretKey`; every reference finds its part there.
   * @param interval milliseconds between two refreshes; 0 = never.
   */
  constructor(
    references: readonly SecretReference[],
    texts: ReadonlyMap<string, string>,
    read: ReadAll,
    interval: number,
  ) {
    this.#references = references;
    this.#texts = new Map(texts);
    this.#read = read;
    this.#interval = interval;
  }

  /** Changes whenever a value has changed. */
  get version(): number {
    return this.#version;
  }

  /** The newest value known. */
  textOf(reference: SecretReference): string {
    const answer = partOf(reference, this.#texts.get(secretKey(reference)) ?? '');
    return 'text' in answer ? answer.text : '';
  }

  /** Refreshes from now on, until what it returns is called. Once at a time. */
  keepFresh(surroundings: RefreshSurroundings): () => void {
    const stop = new AbortController();
    const background = {
      ...surroundings,
      stop,
      refreshing: undefined,
      refreshedAt: Number.NEGATIVE_INFINITY,
    };
    this.#background = background;
    if (this.#interval > 0) {
      this.#repeat(background).catch(() => undefined);
    }
    return () => {
      stop.abort(new Error('the secrets are not refreshed any more'));
      this.#background = undefined;
    };
  }

  /**
   * Reads all anew because somebody refuses one: at once, or as soon as the last time is a moment ago: what was read
   * then may have been replaced since. Never rejects; does nothing where nobody keeps them fresh.
   */
  refresh(): Promise<void> {
    const background = this.#background;
    if (background === undefined) {
      return Promise.resolve();
    }
    const { clock, refreshedAt, refreshing } = background;
    return refreshing ?? this.#refresh(background, refreshedAt + PAUSE_MS - clock.monotonic());
  }

  async #repeat(background: Background): Promise<void> {
    const { clock, random, stop } = background;
    for (;;) {
      await sleep(clock, this.#interval * (1 - JITTER * random.next()), stop.signal);
      await (background.refreshing ?? this.#refresh(background));
    }
  }

  #refresh(background: Background, waitMs = 0): Promise<void> {
    const { clock, stop } = background;
    const pause = waitMs > 0 ? sleep(clock, waitMs, stop.signal) : Promise.resolve();
    const work = pause
      .then(() => this.#readAll(background))
      // Only a stop ends the pause.
      .catch(() => undefined)
      .finally(() => {
        background.refreshing = undefined;
        background.refreshedAt = clock.monotonic();
      });
    background.refreshing = work;
    return work;
  }

  async #readAll({ stop, logger }: Background): Promise<void> {
    const stored = new Map(this.#references.map((one) => [secretKey(one), one] as const));
    const answers = await this.#read([...stored.values()], stop.signal).catch(() => undefined);
    if (answers === undefined || stop.signal.aborted) {
      return;
    }
    const changed: string[] = [];
    for (const [key, answer] of answers) {
      const usable = this.#usable(key, answer);
      if ('failure' in usable) {
        this.#failed(key, usable.failure, logger);
        continue;
      }
      this.#failing.delete(key);
      if (this.#texts.get(key) !== usable.text) {
        this.#texts.set(key, usable.text);
        changed.push(key);
      }
    }
    if (changed.length > 0) {
      this.#version++;
      logger.info(
        { secrets: changed },
        'secrets have changed; connections made from now on use the new values',
      );
    }
  }

  /** What was answered, unless a reference finds nothing in it. */
  #usable(key: string, answer: SecretAnswer): SecretAnswer {
    if ('failure' in answer) {
      return answer;
    }
    const parts = this.#references
      .filter((one) => secretKey(one) === key)
      .map((one) => partOf(one, answer.text));
    return parts.find((part) => 'failure' in part) ?? answer;
  }

  #failed(
    key: string,
    { code, found, hint }: Extract<SecretAnswer, { failure: object }>['failure'],
    logger: Logger,
  ): void {
    if (!this.#failing.has(key)) {
      this.#failing.add(key);
      logger.warn(
        { secret: key, code, found, hint },
        'a secret could not be read anew; its old value is kept',
      );
    }
  }
}
