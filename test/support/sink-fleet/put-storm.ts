import type { KinesisPutApi, PutEntry, PutResult, StreamRef } from '../../../src/aws/kinesis-api';
import { ConnectorError, isConnectorError } from '../../../src/errors';
import { type Clock, sleep } from '../../../src/util/clock';
import type { Random } from '../../../src/util/random';
import type { ProcessGate } from './process-gate';
import type { PutAttempt } from './put-attempt';

/** What befalls PutRecords; likelihoods are 0 to 1 a request, or an entry. */
export interface PutWeather {
  /** An entry is refused, for the rate or with InternalFailure. */
  refused: number;
  /** A request is refused as a whole. */
  throttled: number;
  /** A request fails before it takes effect. */
  failed: number;
  /** A request takes effect and is not answered: its connection is lost, or nothing comes. */
  lost: number;
  /** A request takes effect when its sender has given it up. */
  late: number;
  /** An answer takes up to twice the request's time-out. */
  slow: number;
  /** Nobody answers at all: connections are refused, or nothing comes. */
  outage: 'none' | 'refused' | 'silent';
}

export const CALM: PutWeather = {
  refused: 0,
  throttled: 0,
  failed: 0,
  lost: 0,
  late: 0,
  slow: 0,
  outage: 'none',
};

/** A defect put into Kinesis, to prove that it is found. */
export type PutBug = 'accepts and drops' | 'stores twice' | 'answers for the neighbour';

export interface PutStormParts {
  readonly kinesis: KinesisPutApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly weather: PutWeather;
  readonly requestTimeout: number;
  /** Kinesis finds the entry invalid. */
  readonly isPoison: (entry: PutEntry) => boolean;
  readonly bug?: PutBug | undefined;
}

const MAX_LATENCY_MS = 40;
const MAX_LATENESS_MS = 5000;

/** The way of PutRecords to Kinesis and back, through the weather. Requests that have left survive their process. */
export class PutStorm {
  constructor(private readonly parts: PutStormParts) {}

  async put(
    gate: ProcessGate,
    stream: StreamRef,
    entries: readonly PutEntry[],
    attempt: PutAttempt,
  ): Promise<readonly PutResult[]> {
    const { clock, random, weather, requestTimeout, isPoison } = this.parts;
    await sleep(clock, 1 + random.next() * MAX_LATENCY_MS);
    switch (weather.outage) {
      case 'silent':
        return silence();
      case 'refused':
        return this.#fail(gate, attempt, unreachable(), false);
      case 'none':
    }
    if (this.#strikes(weather.throttled)) {
      return this.#fail(gate, attempt, new ConnectorError('AWS_THROTTLED', 'slow down'), false);
    }
    if (entries.some(isPoison)) {
      return this.#fail(gate, attempt, new ConnectorError('AWS_REQUEST_REFUSED', 'invalid'), false);
    }
    if (this.#strikes(weather.failed)) {
      return this.#fail(gate, attempt, new ConnectorError('AWS_UNAVAILABLE', 'failed'), true);
    }
    if (this.#strikes(weather.late)) {
      const lateness = requestTimeout + random.next() * MAX_LATENESS_MS;
      clock.setTimer(() => void this.#apply(stream, entries, attempt), lateness);
      return silence();
    }
    const results = await this.#apply(stream, entries, attempt);
    if (this.#strikes(weather.lost)) {
      const cut = new ConnectorError('AWS_UNAVAILABLE', 'the connection was lost');
      return random.next() < 0.5 ? silence() : this.#fail(gate, attempt, cut, true);
    }
    const longest = this.#strikes(weather.slow) ? 2 * requestTimeout : MAX_LATENCY_MS;
    await sleep(clock, 1 + random.next() * longest);
    await gate.passed('PutRecords answers');
    attempt.answered();
    return results;
  }

  async #fail(gate: ProcessGate, attempt: PutAttempt, error: Error, ambiguous: boolean): Promise<never> {
    await sleep(this.parts.clock, 1 + this.parts.random.next() * MAX_LATENCY_MS);
    await gate.passed('PutRecords answers');
    attempt.failed(ambiguous, isConnectorError(error, 'AWS_REQUEST_REFUSED'));
    throw error;
  }

  async #apply(
    stream: StreamRef,
    entries: readonly PutEntry[],
    attempt: PutAttempt,
  ): Promise<readonly PutResult[]> {
    const { kinesis, random, weather, bug } = this.parts;
    const struck = bug !== undefined && random.next() < 0.1;
    const refused = entries.map((): PutResult | undefined =>
      this.#strikes(weather.refused) ? refusal(random) : undefined,
    );
    const taken = entries.filter((_, place) => refused[place] === undefined);
    const answers =
      taken.length === 0
        ? []
        : bug === 'accepts and drops' && struck
          ? taken.map(
              () => ({ accepted: true, shardId: 'shardId-000000000000', sequenceNumber: '1' }) as const,
            )
          : await kinesis.putRecords(stream, taken);
    const left = answers.values();
    const results = refused.map((one) => one ?? (left.next().value as PutResult));
    const dropped = bug === 'accepts and drops' && struck;
    attempt.applied(dropped ? [] : results);
    if (bug === 'stores twice' && struck) {
      attempt.applied(results);
    }
    return bug === 'answers for the neighbour' && results.length > 1
      ? [...results.slice(1), results[0] as PutResult]
      : results;
  }

  #strikes(likelihood: number): boolean {
    return likelihood > 0 && this.parts.random.next() < likelihood;
  }
}

function silence(): Promise<never> {
  return new Promise(() => undefined);
}

function refusal(random: Random): PutResult {
  const errorCode = random.next() < 0.5 ? 'ProvisionedThroughputExceededException' : 'InternalFailure';
  return { accepted: false, errorCode, errorMessage: 'refused' };
}

function unreachable(): ConnectorError {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
  });
  return new ConnectorError('AWS_UNAVAILABLE', 'no connection', { cause });
}
