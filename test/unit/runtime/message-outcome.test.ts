import { ConnectorError } from '../../../src/errors';
import {
  deadLetterTopicOf,
  type FailurePolicy,
  type MessageOutcome,
  messageOutcome,
} from '../../../src/runtime/message-outcome';

const causes = {
  fatal: new ConnectorError('SINK_RECORD_TOO_LARGE', 'too large'),
  config: new ConnectorError('PULSAR_SUBSCRIPTION_MISMATCH', 'another type'),
  retry: new ConnectorError('AWS_THROTTLED', 'throttled'),
  bounded: new ConnectorError('AWS_UNKNOWN', 'unknown'),
  foreign: new TypeError('of a user'),
};

type Row = [
  cause: keyof typeof causes,
  redeliveries: number,
  guarantee: FailurePolicy['guarantee'],
  maxMessageRetries: number | undefined,
  withTopic: MessageOutcome,
  withoutTopic: MessageOutcome,
];

const ROWS: Row[] = [
  // cannot heal: does not wait for the retries
  ['fatal', 0, 'ATLEAST_ONCE', undefined, 'DEAD_LETTER', 'END'],
  ['fatal', 0, 'ATLEAST_ONCE', 5, 'DEAD_LETTER', 'END'],
  ['config', 0, 'ATLEAST_ONCE', 5, 'DEAD_LETTER', 'END'],
  // may heal: again, for as long as the retries last
  ['retry', 0, 'ATLEAST_ONCE', undefined, 'REDELIVER', 'REDELIVER'],
  ['retry', 1e6, 'ATLEAST_ONCE', undefined, 'REDELIVER', 'REDELIVER'],
  ['bounded', 1, 'ATLEAST_ONCE', 2, 'REDELIVER', 'REDELIVER'],
  ['bounded', 2, 'ATLEAST_ONCE', 2, 'DEAD_LETTER', 'END'],
  ['foreign', 0, 'ATLEAST_ONCE', undefined, 'REDELIVER', 'REDELIVER'],
  ['foreign', 3, 'ATLEAST_ONCE', 2, 'DEAD_LETTER', 'END'],
  ['foreign', 0, 'ATLEAST_ONCE', 0, 'DEAD_LETTER', 'END'],
  // any failure ends it, and nothing is passed over
  ['fatal', 0, 'EFFECTIVELY_ONCE', undefined, 'END', 'END'],
  ['retry', 0, 'EFFECTIVELY_ONCE', undefined, 'END', 'END'],
  ['foreign', 0, 'EFFECTIVELY_ONCE', undefined, 'END', 'END'],
  // acknowledged before: it cannot come again
  ['fatal', 0, 'ATMOST_ONCE', undefined, 'DEAD_LETTER', 'DROP'],
  ['retry', 0, 'ATMOST_ONCE', 0, 'DROP', 'DROP'],
  ['foreign', 0, 'ATMOST_ONCE', undefined, 'DROP', 'DROP'],
];

describe('outcome of a failed message', () => {
  test.each(ROWS)(
    '%s after %i redeliveries, %s, maxMessageRetries %s: %s with a dead-letter topic, %s without',
    (cause, redeliveries, guarantee, maxMessageRetries, withTopic, withoutTopic) => {
      const policy = { guarantee, maxMessageRetries };
      const outcome = (deadLetterTopic: string | undefined): MessageOutcome =>
        messageOutcome(causes[cause], redeliveries, { ...policy, deadLetterTopic });
      expect([outcome('dlq'), outcome(undefined)]).toEqual([withTopic, withoutTopic]);
    },
  );

  test.each([
    [{}, undefined],
    [{ deadLetterTopic: 'dlq' }, 'dlq'],
    [{ deadLetterTopic: 'dlq', maxMessageRetries: 3 }, 'dlq'],
    [{ maxMessageRetries: 0 }, 'persistent://t/n/in-sub-DLQ'],
  ])('the dead-letter topic of %j is %s', (given, expected) => {
    expect(deadLetterTopicOf('persistent://t/n/in', 'sub', given)).toBe(expected);
  });
});
