import { abortable } from '../util/abort';
import { CutOff } from './event-ending';
import { eventFrame } from './event-frame';
import type { Exchange } from './http-port';
import type { EventSource } from './service-model';
import type { WireAnswer } from './wire-protocol';

/** How the events of one answer stand on the wire. */
export interface EventPayloads {
  event(text: string): WireAnswer;
  /** Type of an exception event, and what it says. */
  failure(thrown: unknown): readonly [type: string, payload: WireAnswer];
}

/**
 * Writes the events of `source` behind the head of an answer. The next one is asked for when the last has gone into the
 * connection: a client that does not read stops the source.
 * @throws the reason of `gone`, which is aborted when the client is.
 */
export async function writeEvents(
  { response, cut }: Pick<Exchange, 'response' | 'cut'>,
  source: EventSource,
  payloads: EventPayloads,
  gone: AbortSignal,
): Promise<void> {
  const write = (headers: { readonly [name: string]: string }, { contentType, body }: WireAnswer) => {
    const frame = eventFrame({ ...headers, ':content-type': contentType }, body);
    // The callback comes once the connection has taken the frame; what `write` returns only tells of a buffer in between.
    const written = new Promise<void>((resolve, reject) => {
      response.write(frame, (error) => (error ? reject(error) : resolve()));
    });
    return abortable(written, gone);
  };
  const writeEvent = (type: string, text: string): Promise<void> =>
    write({ ':message-type': 'event', ':event-type': type }, payloads.event(text));

  // Says what the answer has beside its events. Source: Smithy, event streams of protocols that call by name.
  await writeEvent('initial-response', '{}');
  try {
    for (let event = await source.next(gone); event !== undefined; event = await source.next(gone)) {
      await writeEvent(event.type, event.text);
    }
  } catch (thrown) {
    gone.throwIfAborted();
    if (thrown instanceof CutOff) {
      cut();
      return;
    }
    const [type, payload] = payloads.failure(thrown);
    await write({ ':message-type': 'exception', ':exception-type': type }, payload);
  }
  response.end();
}
