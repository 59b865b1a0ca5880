import type { GetRecordsProtocol } from '../config/types';
import { messageOf } from '../errors';
import type { Logger } from '../util/logger';
import type { DecodedRecords } from './decoded-records';
import { type Language, RecordsExchange, type RecordsQuery, type Refusal } from './records-exchange';

/** Errors by which a service says that it cannot read the request. */
const NOT_UNDERSTOOD = /\b(UnknownOperation|Serialization)Exception$/;
/** Errors of one that can, in whatever language it names them. */
const UNDERSTOOD = /\b(ProvisionedThroughputExceeded|LimitExceeded|ExpiredIterator|KMS\w+)Exception$|Throttl/;
/** Statuses of what stands before a service, and of a service that has too much to do. */
const NOT_OF_THE_LANGUAGE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * The language in which a client asks for records: with `auto` CBOR until the first answer shows what the service
 * speaks. A service that does not know CBOR is asked again in JSON within the same call, and so is one whose CBOR makes
 * no sense, whenever that is noticed; JSON it is from then on.
 */
export class RecordsProtocol {
  readonly #mayChange: boolean;
  readonly #logger: Logger | undefined;
  #language: Language;
  #settled: boolean;

  constructor(option: GetRecordsProtocol, logger?: Logger) {
    this.#mayChange = option === 'auto';
    this.#settled = option !== 'auto';
    this.#language = option === 'json' ? 'json' : 'cbor';
    this.#logger = logger;
  }

  /**
   * @param send makes one attempt of the call.
   * @throws what `send` throws; ConnectorError AWS_UNKNOWN: the answer makes no sense
   */
  async ask(
    query: RecordsQuery,
    send: (exchange: RecordsExchange) => Promise<void>,
  ): Promise<DecodedRecords> {
    if (this.#language === 'cbor') {
      const records = await this.#askInCbor(query, send);
      if (records !== undefined) {
        return records;
      }
    }
    const exchange = new RecordsExchange('json', query);
    await send(exchange);
    const records = exchange.decode();
    this.#settle('json');
    return records;
  }

  /** @returns undefined when JSON is to be tried. */
  async #askInCbor(
    query: RecordsQuery,
    send: (exchange: RecordsExchange) => Promise<void>,
  ): Promise<DecodedRecords | undefined> {
    const exchange = new RecordsExchange('cbor', query);
    try {
      await send(exchange);
    } catch (error) {
      if (this.#settled || !mayMeanLanguage(exchange.refusal)) {
        throw error;
      }
      return undefined;
    }
    try {
      const records = exchange.decode();
      this.#settle(exchange.answeredIn);
      return records;
    } catch (error) {
      if (!this.#mayChange) {
        throw error;
      }
      this.#distrust(error);
      return undefined;
    }
  }

  #settle(language: Language): void {
    if (!this.#settled) {
      this.#settled = true;
      this.#language = language;
      this.#logger?.debug({ protocol: language }, 'records are asked for in what the service speaks');
    }
  }

  #distrust(error: unknown): void {
    if (this.#language === 'cbor') {
      this.#logger?.warn(
        { code: 'AWS_UNKNOWN', reason: messageOf(error) },
        'an answer in CBOR makes no sense; records are asked for in JSON from now on',
      );
    }
    this.#settled = true;
    this.#language = 'json';
  }
}

/** Whether the service may have refused the request for its language. */
function mayMeanLanguage(refusal: Refusal | undefined): boolean {
  if (refusal === undefined) {
    return false;
  }
  const { status, type = '', isCbor } = refusal;
  return isCbor ? NOT_UNDERSTOOD.test(type) : !UNDERSTOOD.test(type) && !NOT_OF_THE_LANGUAGE.has(status);
}
