import { ServiceError, type ServiceModel } from './service-model';
import { contentTypeOf, type WireCall, type WireRequest } from './wire-protocol';

/**
 * Service and operation as X-Amz-Target names them. Source: Smithy, AWS JSON protocols.
 * @param speaks whether a service takes requests of this content type.
 * @throws ServiceError UnknownOperationException
 */
export function rpcTarget(
  services: readonly ServiceModel[],
  request: WireRequest,
  speaks: (service: ServiceModel, contentType: string) => boolean,
): Omit<WireCall, 'input'> {
  const [target, operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
  const service = services.find((candidate) => candidate.target === target);
  if (
    request.method !== 'POST' ||
    service === undefined ||
    !(service.operations.includes(operation) || streamsEvents(service, operation))
  ) {
    throw new ServiceError('UnknownOperationException', `${target}.${operation} is not emulated.`);
  }
  const contentType = contentTypeOf(request);
  if (!speaks(service, contentType)) {
    throw new ServiceError('UnknownOperationException', `Content type ${contentType} is not emulated.`, 404);
  }
  return { service, operation };
}

export function streamsEvents(service: ServiceModel, operation: string): boolean {
  return service.eventOperations?.includes(operation) ?? false;
}
