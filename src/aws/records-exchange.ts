import { NOTHING } from './answer-handler';
import { CborReader } from './cbor-reader';
import { encodeCbor } from './cbor-writer';
import { type DecodedRecords, membersOf, textOf } from './decoded-records';
import { decodeRecordsCbor } from './records-cbor';
import { decodeRecords } from './records-json';

/** JSON 1.1, which the SDK speaks, or the CBOR of AWS's Java SDK, which is older than Smithy's. */
export type Language = 'cbor' | 'json';

/** Members of a GetRecords. */
export interface RecordsQuery {
  readonly ShardIterator: string;
  readonly Limit: number;
  readonly StreamARN?: string;
}

/** Major type 5. No text in JSON begins with such a byte. */
const isCborMap = (body: Buffer): boolean => (body[0] ?? 0) >> 5 === 5;

/** One call of GetRecords: its request, and what was answered. */
export class RecordsExchange {
  readonly contentType: string;
  readonly request: Buffer;
  #answer: Buffer = NOTHING;
  #refusal: Refusal | undefined;

  constructor(language: Language, query: RecordsQuery) {
    this.contentType = `application/x-amz-${language}-1.1`;
    this.request = language === 'cbor' ? encodeCbor({ ...query }) : Buffer.from(JSON.stringify(query));
  }

  /** How an error was answered; undefined when none was. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /** Language of the answer, which need not be that of the request. */
  get answeredIn(): Language {
    return isCborMap(this.#answer) ? 'cbor' : 'json';
  }

  /** Takes the body of a success. */
  take(body: Buffer): void {
    this.#answer = body;
  }

  /** Takes the body of an error. @returns what it would be in JSON, for the SDK to read. */
  explain(status: number, body: Buffer): Buffer {
    const isCbor = isCborMap(body);
    const error = errorIn(body, isCbor);
    this.#refusal = { status, type: error?.__type, isCbor: isCbor && error !== undefined };
    return isCbor && error !== undefined ? Buffer.from(JSON.stringify(error)) : body;
  }

  /** @throws ConnectorError AWS_UNKNOWN: the answer makes no sense */
  decode(): DecodedRecords {
    return this.answeredIn === 'cbor' ? decodeRecordsCbor(this.#answer) : decodeRecords(this.#answer);
  }
}

export interface Refusal {
  /** Of HTTP. */
  readonly status: number;
  /** Name of the error, where the answer has one. */
  readonly type: string | undefined;
  /** Whether the service speaks CBOR. */
  readonly isCbor: boolean;
}

/** Undefined when `body` is in neither language. */
function errorIn(body: Buffer, isCbor: boolean) {
  try {
    const error = membersOf(isCbor ? new CborReader(body).value() : JSON.parse(body.toString()));
    return { __type: textOf(error?.__type), message: textOf(error?.message ?? error?.Message) };
  } catch {
    return undefined;
  }
}
