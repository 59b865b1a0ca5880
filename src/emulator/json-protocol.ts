import { queryErrorCode } from './query-protocol';
import { ServiceError } from './service-model';
import { contentTypeOf, type WireProtocol, type WireRequest } from './wire-protocol';

const CONTENT_TYPES = ['application/x-amz-json-1.0', 'application/x-amz-json-1.1'];

/** AWS JSON 1.0 and 1.1: X-Amz-Target names service and operation. Source: Smithy, AWS JSON protocols. */
export const JSON_PROTOCOL: WireProtocol = {
  read(services, request) {
    const contentType = contentTypeOf(request);
    const [target, operation] = String(request.headers['x-amz-target'] ?? '').split('.');
    const service = services.find((candidate) => candidate.target === target);
    if (
      request.method !== 'POST' ||
      service === undefined ||
      operation === undefined ||
      !service.operations.includes(operation)
    ) {
      throw new ServiceError('UnknownOperationException', `${target}.${operation} is not emulated.`);
    }
    if (!CONTENT_TYPES.includes(contentType)) {
      throw new ServiceError(
        'UnknownOperationException',
        `Content type ${contentType} is not emulated.`,
        404,
      );
    }
    return { service, operation, input: parse(request.body) };
  },

  invoke({ service, operation, input }, request) {
    const text = service.invokeText?.(operation, input) ?? JSON.stringify(service.invoke(operation, input));
    return { contentType: answerType(request), text };
  },

  failure(error, request) {
    const { type, message, fields } = error;
    return {
      contentType: answerType(request),
      // Clients of services that once spoke the query protocol go by its error codes.
      ...(request.headers['x-amzn-query-mode'] === 'true' && {
        headers: { 'x-amzn-query-error': `${queryErrorCode(type)};${senderOf(error)}` },
      }),
      text: JSON.stringify({ __type: type, message, ...fields }),
    };
  },
};

const senderOf = ({ status }: ServiceError): string => (status < 500 ? 'Sender' : 'Receiver');

const answerType = ({ headers }: WireRequest): string =>
  headers['content-type']?.toString() ?? 'application/x-amz-json-1.1';

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new ServiceError('SerializationException', 'The body is no JSON.');
  }
}
