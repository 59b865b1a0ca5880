import type { Caller, ServiceError, ServiceModel } from './service-model';

/** A request as a protocol reads it; `body` is no longer compressed. */
export interface WireRequest {
  readonly method: string;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly body: Buffer;
  readonly caller: Caller;
}

export interface WireCall {
  readonly service: ServiceModel;
  readonly operation: string;
  readonly input: unknown;
}

export interface WireAnswer {
  readonly contentType: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body: string | Uint8Array;
}

/** How requests and answers of AWS stand on the wire. */
export interface WireProtocol {
  /** @throws ServiceError in the order in which AWS looks at a request. */
  read(services: readonly ServiceModel[], request: WireRequest): WireCall;
  /** Does the call. @throws ServiceError */
  invoke(call: WireCall, request: WireRequest, requestId: string): WireAnswer;
  failure(error: ServiceError, request: WireRequest, requestId: string): WireAnswer;
  /** The payload of an event of an answer that goes on, from its JSON text. */
  event(call: WireCall, text: string): WireAnswer;
}

/** The media type of a request, without its parameters. */
export function contentTypeOf({ headers }: Pick<WireRequest, 'headers'>): string {
  return String(headers['content-type'] ?? '')
    .split(';', 1)
    .join('')
    .trim();
}
