import { ConnectorError, explain } from '../errors';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';

/** Milliseconds before their end from which on keys are replaced. Source: the SDK's own `EXPIRATION_MS`. */
const RENEWAL_MS = 300_000;
/** The part of a short life that is used before. */
const USED_PART = 2 / 3;
/** Milliseconds that a request signed now may take to be looked at. */
const LAST_MS = 5000;
/** Milliseconds between two attempts to replace keys that still hold: the first wait, and the longest. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/** What signs requests. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Without an end they are kept until a service refuses them. */
  readonly expiration?: Date;
}

/** Gives the SDK keys for each signature; `memoized` keeps it from keeping them itself. */
export interface KeysProvider {
  (): Promise<AwsKeys>;
  readonly memoized: true;
}

/**
 * Carries past the SDK why there are no keys: it writes into the errors it meets, and replaces those that are no
 * instance of its own realm's Error.
 */
export class CredentialsFailed extends Error {
  constructor(override readonly cause: unknown) {
    super('there are no credentials');
  }
}

export interface RenewalOptions {
  /** Asks for keys. @throws ConnectorError */
  readonly fetch: () => Promise<AwsKeys>;
  /** Of whom, for the log. */
  readonly what: string;
  readonly clock: Clock;
  readonly logger?: Logger;
}

interface Kept {
  readonly keys: AwsKeys;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly renewAt: number;
  readonly endsAt: number;
}

/**
 * Keys that end, replaced some time before: whoever signs meanwhile takes the old ones. An issuer that is down then is
 * asked again and again, and is nobody's trouble until the old keys have ended.
 */
export class RenewedCredentials {
  readonly #options: RenewalOptions;
  #kept: Kept | undefined;
  #renewal: Promise<Kept> | undefined;
  /** Failures in a row, and when the next attempt may be made. */
  #failures = 0;
  #retryAt = 0;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** @throws CredentialsFailed when there are none that hold */
  async get(): Promise<AwsKeys> {
    const now = this.#options.clock.now();
    const kept = this.#kept;
    if (kept === undefined || now >= kept.endsAt) {
      return (await this.#renew()).keys;
    }
    if (now >= kept.renewAt && now >= this.#retryAt) {
      // Reported by #failed.
      this.#renew().catch(() => undefined);
    }
    return kept.keys;
  }

  /** A service does not take them, whatever they say of their end: others are asked for at the next call. */
  refused(): void {
    // What several calls signed with the keys before may come back now.
    if (this.#kept !== undefined && this.#options.clock.now() >= this.#kept.since + FIRST_WAIT_MS) {
      this.#kept = undefined;
    }
  }

  #renew(): Promise<Kept> {
    this.#renewal ??= this.#fetch().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #fetch(): Promise<Kept> {
    const { fetch, clock, logger, what } = this.#options;
    try {
      const keys = await fetch();
      const kept = keptOf(keys, clock.now());
      if (this.#failures > 0) {
        logger?.info({ credentials: what, failures: this.#failures }, 'the credentials were renewed');
      }
      this.#kept = kept;
      this.#failures = 0;
      return kept;
    } catch (error) {
      this.#failed(error);
      throw new CredentialsFailed(error);
    }
  }

  #failed(error: unknown): void {
    const { clock, logger, what } = this.#options;
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** this.#failures, LONGEST_WAIT_MS);
    this.#failures++;
    this.#retryAt = clock.now() + waitMs;
    const kept = this.#kept;
    // Without any, whoever wanted to sign says so.
    if (this.#failures === 1 && kept !== undefined) {
      const fields = {
        credentials: what,
        code: error instanceof ConnectorError ? error.code : undefined,
        error: explain(error),
        validForMs: Math.max(0, kept.endsAt - clock.now()),
      };
      logger?.warn(fields, 'the credentials could not be renewed; the old ones are used while they hold');
    }
  }
}

function keptOf(keys: AwsKeys, now: number): Kept {
  const end = keys.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
  const life = end - now;
  return {
    keys,
    since: now,
    renewAt: Math.max(end - RENEWAL_MS, now + life * USED_PART),
    endsAt: end - Math.min(LAST_MS, Math.max(0, life) / 2),
  };
}
