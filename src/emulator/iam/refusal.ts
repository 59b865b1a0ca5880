import { ServiceError } from '../service-model';
import type { Refusal } from './evaluation';
import type { Principal } from './principal';
import type { AccessRequest } from './statement';

/** Why a caller is not even asked for permissions. */
export type Rejection = 'expired' | 'unknown' | 'unsigned';

/** By the protocol: services that speak JSON have other names than those that speak XML. Source: AWS, "Common errors". */
const REJECTIONS: {
  readonly [R in Rejection]: { readonly json: string; readonly query: string; readonly message: string };
} = {
  expired: {
    json: 'ExpiredTokenException',
    query: 'ExpiredToken',
    message: 'The security token included in the request is expired',
  },
  unknown: {
    json: 'UnrecognizedClientException',
    query: 'InvalidClientTokenId',
    message: 'The security token included in the request is invalid.',
  },
  unsigned: {
    json: 'MissingAuthenticationTokenException',
    query: 'MissingAuthenticationToken',
    message: 'Request is missing Authentication Token',
  },
};

export function rejected(why: Rejection, isQuery: boolean): ServiceError {
  const { json, query, message } = REJECTIONS[why];
  return isQuery ? new ServiceError(query, message, 403) : new ServiceError(json, message);
}

export function denied(
  request: AccessRequest,
  principal: Principal,
  refusal: Refusal,
  isQuery: boolean,
): ServiceError {
  const message = deniedMessage(request, principal, refusal);
  return isQuery
    ? new ServiceError('AccessDenied', message, 403)
    : new ServiceError('AccessDeniedException', message);
}

/** Source: IAM User Guide, "Troubleshoot access denied error messages"; of roles, what STS answers. */
function deniedMessage(
  { action, resource }: AccessRequest,
  { arn, federated }: Principal,
  { kind, side }: Refusal,
): string {
  if (federated !== undefined) {
    return `Not authorized to perform ${action}`;
  }
  const where = resource === '*' ? '' : ` on resource: ${resource}`;
  const start = `User: ${arn} is not authorized to perform: ${action}${where}`;
  if (kind === 'explicit') {
    return `${start} with an explicit deny in ${side === 'identity' ? 'an identity' : 'a resource'}-based policy`;
  }
  return action.startsWith('sts:')
    ? start
    : `${start} because no ${side}-based policy allows the ${action} action`;
}
