import { ServiceError } from '../service-model';

/** The request is wrong in itself. Messages are those of DynamoDB, since clients and their tests match on them. */
export const validation = (message: string): ServiceError => new ServiceError('ValidationException', message);

/** One parameter is wrong: the common head of such messages. */
export const invalidParameter = (detail: string): ServiceError =>
  validation(`One or more parameter values were invalid: ${detail}`);

/** A JSON value of the wrong kind: refused by the protocol before the service looks at it. */
export const serialization = (message: string): ServiceError =>
  new ServiceError('SerializationException', message);

/** @param item the row as it stands, when ReturnValuesOnConditionCheckFailure asks for it. */
export const conditionFailed = (item?: object): ServiceError =>
  new ServiceError(
    'ConditionalCheckFailedException',
    'The conditional request failed',
    400,
    item === undefined ? {} : { Item: item },
  );

/** @param table named by the control plane; reads and writes of items do not name it. */
export const tableNotFound = (table?: string): ServiceError =>
  new ServiceError(
    'ResourceNotFoundException',
    `Requested resource not found${table === undefined ? '' : `: Table: ${table} not found`}`,
  );

export const resourceInUse = (message: string): ServiceError =>
  new ServiceError('ResourceInUseException', message);
