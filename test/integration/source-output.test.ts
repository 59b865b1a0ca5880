import { ConnectorError } from '../../src/errors';
import type { StoredMessage } from '../../src/pulsar/memory-message';
import { type LabRun, SourceLab } from '../support/source-lab';

let lab: SourceLab;
let run: LabRun | undefined;

beforeEach(async () => {
  lab = await SourceLab.open(2);
});

afterEach(async () => {
  await run?.stop().catch(() => undefined);
  run = undefined;
  await lab.close();
});

const textsIn = (topic: string): string[] =>
  lab.broker.messages(topic).map(({ value }) => Buffer.from(value).toString());

async function stored(topic: string, count: number): Promise<readonly StoredMessage[]> {
  await lab.stored(count, topic);
  return lab.broker.messages(topic);
}

/** One shard, so that what is behind a record is known. */
function put(...payloads: (string | Buffer)[]): void {
  for (const data of payloads) {
    lab.putOne('key', data);
  }
}

describe('what is no JSON', () => {
  const DLQ = { outputFormat: 'json', deadLetterTopic: 'dead' };

  it('goes to the dead-letter topic, and nothing of it comes again after a stop', async () => {
    put('{"n":1}', 'no JSON', '{"n":2}');
    run = lab.start(DLQ);
    const [letter] = await stored('dead', 1);
    await stored('orders', 2);
    expect(await run.stop()).toBe('drained');
    expect(textsIn('orders')).toEqual(['{"n":1}', '{"n":2}']);
    expect(textsIn('dead')).toEqual(['no JSON']);
    expect(letter?.key).toBe('key');
    expect(letter?.properties).toMatchObject({
      REAL_TOPIC: 'orders',
      'kinesis.partition.key': 'key',
      'kinesis.shard.id': expect.stringMatching(/^shardId-/),
      'kinesis.stream': 'orders',
      'pulsar-io-kinesis.error.code': 'SOURCE_RECORD_INVALID',
    });
    run = lab.start(DLQ, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect([lab.broker.stored('orders'), lab.broker.stored('dead')]).toEqual([2, 1]);
  });

  it('ends the source at that record without a dead-letter topic, as often as it is started', async () => {
    put('{"n":1}', 'no JSON', '{"n":2}');
    for (let start = 0; start < 2; start++) {
      run = lab.start({ outputFormat: 'json' });
      await expect(run.ended).rejects.toMatchObject({ code: 'SOURCE_RECORD_INVALID' });
    }
    expect(textsIn('orders')).not.toContain('{"n":2}');
  });

  it('is passed over with onError skip', async () => {
    put('no JSON', '{"n":1}', '', '{"n":2}', 'no JSON');
    run = lab.start({ outputFormat: 'json', onError: 'skip' }, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(textsIn('orders')).toEqual(['{"n":1}', '{"n":2}']);
    expect(run.warnings.some((line) => line.includes('it is passed over'))).toBe(true);
  });
});

describe('what Pulsar does not take', () => {
  it('too large without chunks: goes to the dead-letter topic as a whole', async () => {
    lab.broker.behaviour.maxMessageBytes = 1000;
    const large = Buffer.alloc(5000, 'x');
    put('before', large, 'after');
    run = lab.start(
      { deadLetterTopic: `\${stream}-dead` },
      { untilCaughtUp: true, source: { producerConfig: { chunkingEnabled: false } } },
    );
    expect(await run.ended).toBe('drained');
    expect(textsIn('orders')).toEqual(['before', 'after']);
    const [letter] = lab.broker.messages('orders-dead');
    expect(large.equals(letter?.value ?? Buffer.alloc(0))).toBe(true);
    expect(letter?.properties['pulsar-io-kinesis.error.code']).toBe('PULSAR_MESSAGE_TOO_LARGE');
  });

  it('too large where there are no chunks at all: is cut off when that was asked for, and refused at start otherwise', async () => {
    Object.assign(lab.broker.behaviour, { maxMessageBytes: 1000, chunks: false });
    put(Buffer.alloc(5000, 'x'), 'after');
    await expect(lab.start({ deadLetterTopic: 'dead' }).ended).rejects.toMatchObject({
      code: 'DEAD_LETTER_OVERSIZE',
    });
    run = lab.start({ deadLetterTopic: 'dead', dlqOversize: 'truncate' }, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    const [letter] = lab.broker.messages('dead');
    expect(letter?.value).toHaveLength(1000);
    expect(letter?.properties['pulsar-io-kinesis.value.length']).toBe('5000');
    expect(textsIn('orders')).toEqual(['after']);
  });

  it('too large even for dead letters: ends the source, and the checkpoint stays in front of it', async () => {
    Object.assign(lab.broker.behaviour, { maxMessageBytes: 1000, chunks: false });
    put('before', Buffer.alloc(5000), 'after');
    run = lab.start({ deadLetterTopic: 'dead', dlqOversize: 'fail' });
    await expect(run.ended).rejects.toMatchObject({
      code: 'DEAD_LETTER_REFUSED',
      cause: expect.objectContaining({ code: 'PULSAR_MESSAGE_TOO_LARGE' }),
    });
    lab.broker.behaviour.chunks = true;
    run = lab.start({ deadLetterTopic: 'dead' }, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    // With chunks again, the record itself is stored.
    expect(lab.broker.messages('orders').some(({ value }) => value.length === 5000)).toBe(true);
  });

  it('a schema that the topic refuses: its records go to the dead-letter topic, those of other topics arrive', async () => {
    lab.broker.behaviour.refuseProducer = (topic) =>
      topic === 'orders' ? new ConnectorError('PULSAR_SCHEMA_REFUSED', 'incompatible') : undefined;
    put('{}', '[]');
    run = lab.start({ outputFormat: 'json', deadLetterTopic: 'dead' });
    await stored('dead', 2);
    expect(await run.stop()).toBe('drained');
    expect(textsIn('dead')).toEqual(['{}', '[]']);
    expect(lab.broker.stored('orders')).toBe(0);
  });
});

describe('schema and topic of the messages', () => {
  it.each([
    ['bytes', [], ['text']],
    ['string', ['STRING'], ['text']],
    ['json', ['JSON'], ['"text"']],
    ['envelope', ['JSON'], ['text']],
  ])('%s', async (outputFormat, types, payloads) => {
    put(...payloads);
    run = lab.start({ outputFormat }, { untilCaughtUp: true });
    await run.ended;
    expect(lab.broker.schemas('orders').map(({ type }) => type)).toEqual(types);
    expect(lab.broker.messages('orders')[0]?.schemaVersion === undefined).toBe(types.length === 0);
    if (outputFormat !== 'envelope') {
      expect(textsIn('orders')).toEqual(payloads);
    }
  });

  it('a template names the topic of each shard', async () => {
    lab.put(100, 50);
    run = lab.start({}, { untilCaughtUp: true, source: { topicName: `t-\${stream}-\${shardId}` } });
    expect(await run.ended).toBe('drained');
    const topics = lab.broker.topics.filter((topic) => lab.broker.stored(topic) > 0);
    expect(topics.sort()).toEqual([
      'persistent://public/default/t-orders-shardId-000000000000',
      'persistent://public/default/t-orders-shardId-000000000001',
    ]);
    expect(topics.reduce((sum, topic) => sum + lab.broker.stored(topic), 0)).toBe(100);
  });
});
