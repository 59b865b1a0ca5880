import { RequestWindow } from '../../../src/sink/request-window';

const BOUNDS = { initialMs: 100, maxMs: 1000 };
const LONGEST = { next: () => 1 - Number.EPSILON, hex: () => '' };
const OUTAGE = { bounded: false, timedOut: false };

const windowOf = (max: number): RequestWindow => new RequestWindow(max, BOUNDS, LONGEST);

test('one failure halves the requests, failures in a row leave a single probe', () => {
  const window = windowOf(24);
  window.failed(0, 10, OUTAGE);
  expect(window.size).toBe(12);
  window.failed(20, 30, OUTAGE);
  expect(window.size).toBe(1);
});

test('failures of requests that were under way together are one', () => {
  const window = windowOf(24);
  const counted = Array.from({ length: 24 }, (_, request) =>
    window.failed(request / 100, 10 + request, OUTAGE),
  );
  expect(counted.filter(Boolean)).toHaveLength(1);
  expect(window.failures).toBe(1);
  expect(window.pausedUntil).toBeCloseTo(110);
});

test('the pause doubles up to its bound and starts anew after an answer', () => {
  const window = windowOf(4);
  const pauses = Array.from({ length: 6 }, (_, failure) => {
    const now = failure * 10_000;
    window.failed(now, now, OUTAGE);
    return Math.round(window.pausedUntil - now);
  });
  expect(pauses).toEqual([100, 200, 400, 800, 1000, 1000]);
  window.answered();
  window.failed(99_000, 99_000, OUTAGE);
  expect(Math.round(window.pausedUntil - 99_000)).toBe(100);
});

test('every answer lets one more request go, up to maxConnections', () => {
  const window = windowOf(3);
  window.failed(0, 0, OUTAGE);
  window.failed(1, 1, OUTAGE);
  const sizes = Array.from({ length: 4 }, () => {
    window.answered();
    return window.size;
  });
  expect(sizes).toEqual([2, 3, 3, 3]);
});

test('two requests go whatever they hold; a further one that is not full waits for an answer, or 10 ms', () => {
  const window = windowOf(24);
  window.sent(0);
  expect(window.partialFrom).toBeLessThan(0);
  window.sent(3);
  expect(window.partialFrom).toBe(13);
  expect(window.opensAt).toBeLessThan(0);
  window.ended();
  expect(window.partialFrom).toBeLessThan(0);
});

test('as many requests as maxConnections let none go before one has ended', () => {
  const window = windowOf(2);
  window.sent(0);
  window.sent(0);
  expect(window.opensAt).toBe(Number.POSITIVE_INFINITY);
  window.ended();
  expect(window.opensAt).toBeLessThan(0);
});

test('requests shrink while they time out, and grow again by small steps', () => {
  const window = windowOf(3);
  for (let failure = 0; failure < 10; failure++) {
    window.failed(failure, failure, { bounded: false, timedOut: true });
  }
  expect(window.scale).toBe(1 / 32);
  window.answered();
  expect(window.scale).toBe(2 / 32);
});
