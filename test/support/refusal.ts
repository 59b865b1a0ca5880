import { ServiceError } from '../../src/emulator/service-model';

/** Type of the error with which a service refuses `call`; `accepted` when it does not. */
export function refusalOf(call: () => unknown): string {
  try {
    call();
    return 'accepted';
  } catch (error) {
    return error instanceof ServiceError ? error.type : String(error);
  }
}
