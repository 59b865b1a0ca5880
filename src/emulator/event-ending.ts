import { abortable } from '../util/abort';
import type { EventsFault } from './faults';
import { type EventSource, ServiceError } from './service-model';

/** The connection of an answer is to be cut. */
export class CutOff extends Error {}

/** `source` with the ending that `fault` gives it. @throws CutOff from `next` when the fault cuts the connection. */
export function endingWith(source: EventSource, fault: EventsFault): EventSource {
  let given = 0;
  return {
    next(signal) {
      if (given === fault.after) {
        return end(fault, signal);
      }
      given++;
      return source.next(signal);
    },
    close: () => source.close(),
  };
}

async function end({ ending }: EventsFault, signal: AbortSignal): Promise<undefined> {
  if (ending === 'silence') {
    await abortable(new Promise<never>(() => undefined), signal);
  }
  if (ending === 'disconnect') {
    throw new CutOff();
  }
  if (typeof ending === 'object') {
    throw new ServiceError(ending.type, ending.message ?? '', ending.status);
  }
}
