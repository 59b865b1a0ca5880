import { queryErrorCode } from './query-protocol';
import { rpcTarget } from './rpc-target';
import { ServiceError } from './service-model';
import { contentTypeOf, type WireProtocol, type WireRequest } from './wire-protocol';

const JSON_1_1 = 'application/x-amz-json-1.1';
const CONTENT_TYPES = ['application/x-amz-json-1.0', JSON_1_1];

/** AWS JSON 1.0 and 1.1. Source: Smithy, AWS JSON protocols. */
export const JSON_PROTOCOL: WireProtocol = {
  read(services, request) {
    const target = rpcTarget(services, request, (_service, type) => CONTENT_TYPES.includes(type));
    return { ...target, input: parse(request.body) };
  },

  invoke({ service, operation, input }, request) {
    const { caller } = request;
    const body =
      service.invokeText?.(operation, input, caller) ??
      JSON.stringify(service.invoke(operation, input, caller));
    return { contentType: answerType(request), body };
  },

  failure(error, request) {
    const { type, message, fields } = error;
    return {
      contentType: answerType(request),
      // Clients of services that once spoke the query protocol go by its error codes.
      ...(request.headers['x-amzn-query-mode'] === 'true' && {
        headers: { 'x-amzn-query-error': `${queryErrorCode(type)};${senderOf(error)}` },
      }),
      body: JSON.stringify({ __type: type, message, ...fields }),
    };
  },

  event: (_call, text) => ({ contentType: JSON_1_1, body: text }),
};

const senderOf = ({ status }: ServiceError): string => (status < 500 ? 'Sender' : 'Receiver');

/** That of the request, unless it is one of another protocol. */
function answerType(request: WireRequest): string {
  return CONTENT_TYPES.includes(contentTypeOf(request)) ? String(request.headers['content-type']) : JSON_1_1;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new ServiceError('SerializationException', 'The body is no JSON.');
  }
}
