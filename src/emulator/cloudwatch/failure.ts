import { ServiceError } from '../service-model';

export const invalidValue = (message: string): ServiceError =>
  new ServiceError('InvalidParameterValueException', message);

export const invalidCombination = (message: string): ServiceError =>
  new ServiceError('InvalidParameterCombinationException', message);

export const missing = (path: string): ServiceError =>
  new ServiceError('MissingRequiredParameterException', `The parameter ${path} is required.`);
