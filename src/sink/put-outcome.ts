import { mayHaveTakenEffect } from '../aws/classify';
import { CODES } from '../aws/error-codes';
import type { PutResult } from '../aws/kinesis-api';
import { ConnectorError, type ErrorCode, isConnectorError } from '../errors';

/** What becomes of an entry that was refused. */
export type EntryOutcome =
  /** Sent again; `throttled` when the shard is to be written to more slowly. */
  | { readonly type: 'again'; readonly throttled: boolean }
  /** The sink ends. */
  | { readonly type: 'fatal'; readonly error: Error };

/** What becomes of the entries of a request that was not answered as asked. */
export type RequestOutcome =
  | {
      readonly type: 'again';
      /** Whether the entries may have been stored all the same. */
      readonly ambiguous: boolean;
      readonly bounded: boolean;
      readonly timedOut: boolean;
      readonly error: ConnectorError;
    }
  /** Kinesis finds something in it invalid. */
  | { readonly type: 'isolate'; readonly error: ConnectorError }
  | { readonly type: 'fatal'; readonly error: Error };

/** Failures in a row of an error that may heal until it counts as what cannot. */
const BOUNDED_FAILURES = 5;

/** Refusals of the request's form, whatever is in it. */
const FORM_REFUSED = new Set(['SerializationException', 'UnknownOperationException']);

const THROTTLED: EntryOutcome = { type: 'again', throttled: true };
const AGAIN: EntryOutcome = { type: 'again', throttled: false };

/** Source: Kinesis API, PutRecordsResultEntry. A code that it does not name is no reason to guess. */
export function entryOutcome(result: PutResult & { readonly accepted: false }, stream: string): EntryOutcome {
  const code = CODES.get(result.errorCode);
  switch (code) {
    case 'AWS_THROTTLED':
      return THROTTLED;
    case 'AWS_UNAVAILABLE':
    case 'AWS_TIMEOUT':
      return AGAIN;
    default:
      return {
        type: 'fatal',
        error: putError(
          code ?? 'AWS_UNKNOWN',
          `kinesis:PutRecords on ${stream} refused an entry: ${result.errorCode}`,
          new Error(result.errorMessage),
        ),
      };
  }
}

/** @param boundedFailures of errors that may never heal, in a row, before this one. */
export function requestOutcome(error: unknown, boundedFailures: number): RequestOutcome {
  if (!isConnectorError(error)) {
    return { type: 'fatal', error: error instanceof Error ? error : new Error(String(error)) };
  }
  if (error.code === 'AWS_REQUEST_REFUSED' && !FORM_REFUSED.has(nameOf(error.cause))) {
    return { type: 'isolate', error };
  }
  const bounded = error.treatment === 'bounded';
  if (error.treatment === 'retry' || (bounded && boundedFailures + 1 < BOUNDED_FAILURES)) {
    const ambiguous = mayHaveTakenEffect(error);
    return { type: 'again', ambiguous, bounded, timedOut: error.code === 'AWS_TIMEOUT', error };
  }
  const forWriter = error.code === 'KINESIS_KMS' ? putError(error.code, error.message, error.cause) : error;
  return { type: 'fatal', error: forWriter };
}

/** With the hint of a writer where the code's own is a reader's. */
function putError(code: ErrorCode, message: string, cause: unknown): ConnectorError {
  const hint =
    code === 'KINESIS_KMS'
      ? { hint: 'Allow kms:GenerateDataKey on the key of the stream, and check that the key is enabled.' }
      : code === 'AWS_ACCESS_DENIED'
        ? { hint: 'Grant kinesis:PutRecords on the stream to the role in use.' }
        : {};
  return new ConnectorError(code, message, { ...hint, cause });
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : '';
}
