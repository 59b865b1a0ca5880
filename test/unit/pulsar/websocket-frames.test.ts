import fc from 'fast-check';
import { maxValueBytes, producerFrame } from '../../../src/pulsar/websocket-frames';
import { message } from '../../support/producer-log';

const parsed = (frame: string) => JSON.parse(frame) as { readonly [name: string]: unknown };

test('a message is told with all it carries, whatever characters are in it', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.option(text, { nil: undefined }),
      fc.dictionary(text, text),
      fc.option(fc.nat(), { nil: undefined }),
      (value, key, properties, eventTime) => {
        const frame = parsed(producerFrame({ value, key, properties, eventTime }, 7));
        expect(Buffer.from(String(frame.payload), 'base64').equals(value)).toBe(true);
        expect(frame.context).toBe('7');
        expect(frame.key).toBe(key);
        expect(Object.entries(frame.properties ?? {})).toEqual(Object.entries(properties));
        expect(frame.eventTime === undefined ? undefined : Date.parse(String(frame.eventTime))).toBe(
          eventTime,
        );
      },
    ),
  );
});

test.each([-1, Number.NaN, 1e18])('an event time of %p, which no ISO date says, is left out', (eventTime) => {
  expect(parsed(producerFrame(message('x', { eventTime }), 1)).eventTime).toBeUndefined();
});

test('a value of the size that is foretold fits with 12 KiB of key and properties, and none a quarter larger does', () => {
  for (const frameBytes of [65_536, 1_048_576, 10_485_760]) {
    const size = maxValueBytes(frameBytes);
    const properties = { a: 'x'.repeat(12 * 1024) };
    const bytesOf = (value: Uint8Array) =>
      producerFrame({ ...message('', { properties }), value }, 2 ** 50).length;
    expect(bytesOf(new Uint8Array(size))).toBeLessThanOrEqual(frameBytes);
    expect(bytesOf(new Uint8Array(size * 1.25 + 16 * 1024))).toBeGreaterThan(frameBytes);
  }
});
