import { refusalOf } from '../../support/refusal';
import { FanOutLab, ROOT } from './fan-out-lab';

const StreamName = 'orders';

describe('registered consumers', () => {
  test('a consumer is CREATING, then ACTIVE, then DELETING, then unknown', () => {
    const lab = new FanOutLab({ settleMs: 1_000 });
    lab.clock.jumpWall(1_000);
    const ConsumerARN = lab.register();
    const seen = [lab.status()];
    lab.clock.jumpWall(1_000);
    seen.push(lab.status());
    lab.kinesis.call('DeregisterStreamConsumer', { ConsumerARN });
    seen.push(lab.status());
    lab.clock.jumpWall(1_000);
    seen.push(refusalOf(() => lab.status()));
    expect(seen).toEqual(['CREATING', 'ACTIVE', 'DELETING', 'ResourceNotFoundException']);
  });

  test('a consumer is described alike by its ARN, by its names, and in the list', () => {
    const lab = new FanOutLab();
    const ConsumerARN = lab.register();
    const seconds = lab.clock.now() / 1000;
    const consumer = {
      ConsumerName: 'app',
      ConsumerARN: `arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/app:${seconds}`,
      ConsumerStatus: 'ACTIVE',
      ConsumerCreationTimestamp: seconds,
    };
    const described = { ConsumerDescription: { ...consumer, StreamARN: lab.streamArn } };
    const StreamARN = lab.streamArn;
    expect(lab.kinesis.call('DescribeStreamConsumer', { ConsumerARN })).toEqual(described);
    expect(lab.kinesis.call('DescribeStreamConsumer', { StreamARN, ConsumerName: 'app' })).toEqual(described);
    expect(lab.kinesis.call('ListStreamConsumers', { StreamARN })).toEqual({ Consumers: [consumer] });
    expect(
      lab.kinesis.call('DescribeStreamSummary', { StreamName }).StreamDescriptionSummary.ConsumerCount,
    ).toBe(1);
  });

  test('consumers are listed by pages', () => {
    const lab = new FanOutLab();
    const names = ['a', 'b', 'c', 'd', 'e'];
    names.forEach((name) => {
      lab.register(name);
    });
    const pages: string[][] = [];
    let NextToken: string | undefined;
    do {
      const page = lab.kinesis.call('ListStreamConsumers', {
        StreamARN: lab.streamArn,
        MaxResults: 2,
        NextToken,
      });
      pages.push(page.Consumers.map(({ ConsumerName }) => ConsumerName));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  test('a page token of a stream is of no use with another, and not after five minutes', () => {
    const lab = new FanOutLab();
    lab.register('a');
    lab.register('b');
    const StreamARN = lab.streamArn;
    const { NextToken } = lab.kinesis.call('ListStreamConsumers', { StreamARN, MaxResults: 1 });
    lab.kinesis.call('CreateStream', { StreamName: 'other', ShardCount: 1 });
    const other = StreamARN.replace('orders', 'other');
    expect(refusalOf(() => lab.kinesis.call('ListStreamConsumers', { StreamARN: other, NextToken }))).toBe(
      'InvalidArgumentException',
    );
    lab.clock.jumpWall(300_001);
    expect(refusalOf(() => lab.kinesis.call('ListStreamConsumers', { StreamARN, NextToken }))).toBe(
      'ExpiredNextTokenException',
    );
  });

  test('a name is taken until its consumer is gone', () => {
    const lab = new FanOutLab({ settleMs: 1_000 });
    lab.clock.jumpWall(1_000);
    const ConsumerARN = lab.register();
    const seen = [refusalOf(() => lab.register())];
    lab.kinesis.call('DeregisterStreamConsumer', { ConsumerARN });
    seen.push(refusalOf(() => lab.register()));
    lab.clock.jumpWall(1_000);
    seen.push(refusalOf(() => lab.register()));
    expect(seen).toEqual(['ResourceInUseException', 'ResourceInUseException', 'accepted']);
  });

  test('a consumer registered again in the same second is another one', () => {
    const lab = new FanOutLab();
    const ConsumerARN = lab.register();
    lab.kinesis.call('DeregisterStreamConsumer', { ConsumerARN });
    expect(lab.register()).not.toBe(ConsumerARN);
    expect(refusalOf(() => lab.subscribe(ConsumerARN))).toBe('ResourceNotFoundException');
  });

  test('a stream has as many consumers as its limit says, those that are being deleted among them', () => {
    const lab = new FanOutLab({ consumerLimit: 2, settleMs: 1_000 });
    lab.clock.jumpWall(1_000);
    const ConsumerARN = lab.register('a');
    lab.register('b');
    expect(refusalOf(() => lab.register('c'))).toBe('LimitExceededException');
    lab.kinesis.call('DeregisterStreamConsumer', { ConsumerARN });
    expect(refusalOf(() => lab.register('c'))).toBe('LimitExceededException');
    lab.clock.jumpWall(1_000);
    expect(refusalOf(() => lab.register('c'))).toBe('accepted');
  });

  test('five consumers of a stream are CREATING at once, no more', () => {
    const lab = new FanOutLab({ settleMs: 1_000 });
    lab.clock.jumpWall(1_000);
    for (let number = 0; number < 5; number++) {
      lab.register(`app-${number}`);
    }
    expect(refusalOf(() => lab.register())).toBe('LimitExceededException');
    lab.clock.jumpWall(1_000);
    expect(refusalOf(() => lab.register())).toBe('accepted');
  });

  test('a stream takes consumers while it is resharded, not while it is made or deleted', () => {
    const lab = new FanOutLab({ settleMs: 1_000 });
    const seen = [refusalOf(() => lab.register('a'))];
    lab.clock.jumpWall(1_000);
    lab.split();
    seen.push(refusalOf(() => lab.register('b')));
    lab.clock.jumpWall(1_000);
    lab.delete();
    seen.push(refusalOf(() => lab.register('c')));
    expect(seen).toEqual(['ResourceInUseException', 'accepted', 'ResourceInUseException']);
  });

  test('a stream with consumers is deleted with them, when that is asked for', () => {
    const lab = new FanOutLab();
    const ConsumerARN = lab.register();
    expect(refusalOf(() => lab.kinesis.call('DeleteStream', { StreamName }))).toBe('ResourceInUseException');
    lab.delete();
    lab.create();
    expect(refusalOf(() => lab.kinesis.call('DescribeStreamConsumer', { ConsumerARN }))).toBe(
      'ResourceNotFoundException',
    );
  });

  test.each([
    ['no name at all', {}, 'InvalidArgumentException'],
    ['a name without its stream', { ConsumerName: 'app' }, 'InvalidArgumentException'],
    ['an unknown name', { ConsumerName: 'other', stream: 'orders' }, 'ResourceNotFoundException'],
    ['a name of another stream', { ConsumerName: 'app', stream: 'other' }, 'ResourceNotFoundException'],
    ['an unknown stream', { ConsumerName: 'app', stream: 'none' }, 'ResourceNotFoundException'],
    ['an ARN and another stream', { arn: true, stream: 'other' }, 'InvalidArgumentException'],
    ['an ARN and another name', { arn: true, ConsumerName: 'other' }, 'InvalidArgumentException'],
    ['an ARN, its stream and its name', { arn: true, ConsumerName: 'app', stream: 'orders' }, 'accepted'],
  ])('%s: %j is answered with %s', (_what, { stream, arn, ConsumerName }: RefCase, answer) => {
    const lab = new FanOutLab();
    const ConsumerARN = lab.register();
    lab.kinesis.call('CreateStream', { StreamName: 'other', ShardCount: 1 });
    const ref = {
      ConsumerName,
      ...(stream !== undefined && { StreamARN: lab.streamArn.replace('orders', stream) }),
      ...(arn === true && { ConsumerARN }),
    };
    expect(refusalOf(() => lab.kinesis.call('DescribeStreamConsumer', ref))).toBe(answer);
  });

  test('nobody subscribes with a consumer that is not ACTIVE, unknown, or of another stream', () => {
    const lab = new FanOutLab({ settleMs: 1_000 });
    lab.clock.jumpWall(1_000);
    const arn = lab.register();
    const seen = [refusalOf(() => lab.subscribe(arn))];
    lab.clock.jumpWall(1_000);
    seen.push(
      refusalOf(() => lab.subscribe(`${arn}0`)),
      refusalOf(() => lab.subscribe(arn.replace('orders', 'other'))),
      refusalOf(() => lab.subscribe(arn, { Type: 'LATEST' }, 'shardId-000000000007')),
      refusalOf(() => lab.subscribe(arn, { Type: 'LATEST' }, ROOT)),
    );
    lab.kinesis.call('DeregisterStreamConsumer', { ConsumerARN: arn });
    seen.push(refusalOf(() => lab.subscribe(arn)));
    expect(seen).toEqual([
      'ResourceInUseException',
      'ResourceNotFoundException',
      'ResourceNotFoundException',
      'ResourceNotFoundException',
      'accepted',
      'ResourceInUseException',
    ]);
  });
});

interface RefCase {
  readonly stream?: string;
  readonly arn?: boolean;
  readonly ConsumerName?: string;
}
