import { isConnectorError } from '../errors';
import { throwIfAborted } from '../util/abort';
import type { AnswerOptions } from './answer-handler';
import { classify, type Service } from './classify';
import type { CallOptions } from './kinesis-api';

/** One attempt of one action; what it throws is classified. */
export type Call = <T>(
  action: string,
  /** Stream, shard or table, for people. */
  resource: string,
  options: CallOptions | undefined,
  send: (handlerOptions: AnswerOptions) => Promise<T>,
) => Promise<T>;

/** @param credentials told when a service does not take them. */
export function callsTo(service: Service, credentials?: { refused(): void }): Call {
  return async (action, resource, options, send) => {
    const signal = options?.signal;
    throwIfAborted(signal);
    try {
      return await send(signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      const known = classify(error, { service, action, resource }, signal);
      if (isConnectorError(known, 'AWS_CREDENTIALS')) {
        credentials?.refused();
      }
      throw known;
    }
  };
}
