import { loadConfigObject } from '../../src/config';
import { examine } from '../../src/doctor/doctor';
import { systemNetwork } from '../../src/doctor/network';
import type { Schema } from '../../src/io';
import type { OutgoingMessage } from '../../src/pulsar/transport';
import { sleep, systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { seededRandom } from '../../src/util/random';
import vectors from '../fixtures/pulsar/partition-vectors.json';
import { takeTopic } from '../support/exclusive-producer';
import { FakePulsarBroker } from '../support/fake-pulsar-broker';
import { message, ProducerLog, textOf } from '../support/producer-log';
import { type ReadMessage, readTopic, readTopicUntil } from '../support/pulsar-reader';
import { sendAll } from '../support/send-all';
import { TopicLab } from '../support/topic-lab';
import { produceByJava } from '../support/websocket-producer';

/** What each state of a topic makes of a producer; the table in docs/pulsar.md says the same in words. */
const lab = new TopicLab();

afterAll(() => lab.close(), 60_000);

const LIMIT_MS = 60_000;
const keyed = (i: number): OutgoingMessage => message(`${i}`, { key: `key-${i % 20}` });
const many = (count: number): OutgoingMessage[] => Array.from({ length: count }, (_, i) => keyed(i));
const schema = (field: string): Schema => ({
  type: 'JSON',
  name: 'order',
  definition: JSON.stringify({ type: 'record', name: 'order', fields: [{ name: field, type: 'string' }] }),
});

/** Sends numbered messages, one every few milliseconds, until `until` holds of what was heard. */
async function keepSending(topic: string, until: (log: ProducerLog) => boolean): Promise<ProducerLog> {
  const { producer, log } = await lab.produce(topic);
  for (let i = 0; !until(log); i++) {
    if (producer.writable) {
      producer.send(keyed(i));
    }
    await sleep(systemClock, 2);
  }
  await producer.close(2000);
  return log;
}

describe('a topic that', () => {
  test.concurrent(
    'is deleted while it is sent to is made anew where the broker may, and sending goes on',
    async () => {
      const transport = await lab.transport({ maxPendingMessages: 100 });
      const codes = await sendAll(transport, 'deleted', many(3000), () =>
        lab.admin('DELETE', '/persistent/public/default/deleted?force=true'),
      );
      await sendAll(transport, 'deleted', [message('after')]);
      // What is in flight may be refused by the topic that goes: it is sent again.
      expect(codes.filter((code) => code !== 'PULSAR_SEND_FAILED')).toEqual([]);
      const { wsUrl } = await lab.broker;
      const found = await readTopicUntil(wsUrl, 'deleted', (all) => String(all.at(-1)?.payload) === 'after');
      expect(found.map(({ payload }) => String(payload))).not.toContain('0');
    },
    LIMIT_MS,
  );

  test.concurrent(
    'is deleted where topics are not made automatically ends its producer: PULSAR_TOPIC_NOT_FOUND',
    async () => {
      const namespace = await lab.namespace('manual', {
        autoTopicCreation: { allowAutoTopicCreation: false },
      });
      const refused = { code: 'PULSAR_TOPIC_NOT_FOUND', treatment: 'fatal' };
      await expect(lab.produce(`${namespace}/none`)).rejects.toMatchObject(refused);
      await expect(lab.produce('public/no-namespace/none')).rejects.toMatchObject(refused);
      const topics = [`${namespace}/plain`, `${namespace}/parted`];
      await lab.admin('PUT', `/persistent/${namespace}/plain`);
      await lab.admin('PUT', `/persistent/${namespace}/parted/partitions`, 2);
      const sending = topics.map(async (topic, i) =>
        sendAll(await lab.transport(), topic, many(2000), () =>
          lab.admin('DELETE', `/persistent/${topic}${i === 0 ? '' : '/partitions'}?force=true`),
        ),
      );
      await Promise.all(sending.map((sent) => expect(sent).rejects.toMatchObject(refused)));
    },
    LIMIT_MS,
  );

  test.concurrent(
    'is terminated ends its producer: PULSAR_TOPIC_TERMINATED',
    async () => {
      const { producer, log } = await lab.produce('terminated');
      producer.send(message('a'));
      await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
      await lab.admin('POST', '/persistent/public/default/terminated/terminate');
      await log.until(({ failures }) => failures.length === 1);
      const ended = { code: 'PULSAR_TOPIC_TERMINATED', treatment: 'fatal' };
      expect(log.failures).toMatchObject([ended]);
      await expect(lab.produce('terminated')).rejects.toMatchObject(ended);
    },
    LIMIT_MS,
  );

  test.concurrent(
    'another producer takes for itself is waited for, and all of it arrives',
    async () => {
      const { serviceUrl, wsUrl } = await lab.broker;
      const taken = 'persistent://public/default/taken';
      const leave = await takeTopic(serviceUrl, taken, 'Exclusive');
      await expect(lab.produce(taken)).rejects.toMatchObject({
        code: 'PULSAR_PRODUCER_FENCED',
        treatment: 'retry',
      });
      const sending = lab.transport().then((transport) => sendAll(transport, taken, [message('a')]));
      leave();
      expect((await sending).filter((code) => code !== 'PULSAR_PRODUCER_FENCED')).toEqual([]);

      const fenced = 'persistent://public/default/fenced';
      const messages = many(3000);
      await sendAll(await lab.transport({ maxPendingMessages: 100 }), fenced, messages, async () => {
        const end = await takeTopic(serviceUrl, fenced, 'ExclusiveWithFencing');
        await sleep(systemClock, 300);
        end();
      });
      const texts = new Set<string>();
      await readTopicUntil(wsUrl, fenced, (all) => {
        texts.add(String(all.at(-1)?.payload));
        return texts.size === messages.length;
      });
    },
    LIMIT_MS,
  );

  test.concurrent.each(['producer_request_hold', 'producer_exception'])(
    'has used up its backlog quota (%s) is PULSAR_BACKLOG_QUOTA until it is consumed',
    async (policy) => {
      const namespace = await lab.namespace(policy, {
        'backlogQuota?backlogQuotaType=destination_storage': { limitSize: 20_000, limitTime: -1, policy },
      });
      const topic = `${namespace}/full`;
      await lab.admin('PUT', `/persistent/${topic}`);
      await lab.admin('PUT', `/persistent/${topic}/subscription/slow`, 'earliest');
      const refused = { code: 'PULSAR_BACKLOG_QUOTA', treatment: 'retry' };
      const log = await keepSending(topic, ({ failures }) => failures.length > 0);
      expect(log.failures).toMatchObject([refused]);
      await expect(lab.produce(topic)).rejects.toMatchObject(refused);
      const sending = lab.transport().then((transport) => sendAll(transport, topic, many(10)));
      await lab.admin('POST', `/persistent/${topic}/subscription/slow/skip_all`);
      await sending;
    },
    LIMIT_MS,
  );

  test.concurrent(
    'drops its own backlog (consumer_backlog_eviction) takes everything, and says nothing',
    async () => {
      const namespace = await lab.namespace('eviction', {
        'backlogQuota?backlogQuotaType=destination_storage': {
          limitSize: 20_000,
          limitTime: -1,
          policy: 'consumer_backlog_eviction',
        },
      });
      const topic = `${namespace}/dropping`;
      await lab.admin('PUT', `/persistent/${topic}`);
      await lab.admin('PUT', `/persistent/${topic}/subscription/slow`, 'earliest');
      const log = await keepSending(
        topic,
        ({ confirmedTexts, failures }) => confirmedTexts.length >= 1500 || failures.length > 0,
      );
      expect(log.failures).toEqual([]);
    },
    LIMIT_MS,
  );

  test.concurrent(
    'is limited in its rate slows down no other topic that has another connection to the broker',
    async () => {
      const namespace = await lab.namespace('limited', {
        publishRate: { publishThrottlingRateInMsg: 20, publishThrottlingRateInByte: -1 },
      });
      const transport = await lab.transport({ batchingEnabled: false }, { connectionsPerBroker: 2 });
      const [slow, quick] = [new ProducerLog(), new ProducerLog()];
      const limited = await transport.createProducer({ topic: `${namespace}/slow`, listener: slow });
      const other = await transport.createProducer({ topic: 'quick', listener: quick });
      for (const one of many(100)) {
        limited.send(one);
      }
      await slow.until(({ confirmedTexts }) => confirmedTexts.length > 0);
      other.send(message('a'));
      await quick.until(({ confirmedTexts }) => confirmedTexts.length === 1);
      expect(slow.confirmedTexts.length).toBeLessThan(80);
      await slow.until(({ confirmedTexts }) => confirmedTexts.length === 100);
    },
    LIMIT_MS,
  );

  test.concurrent(
    'has all the producers it may have is PULSAR_PRODUCER_LIMIT until one of them goes',
    async () => {
      const topic = `${await lab.namespace('crowded', { maxProducersPerTopic: 1 })}/crowded`;
      const { producer } = await lab.produce(topic);
      await expect(lab.produce(topic)).rejects.toMatchObject({
        code: 'PULSAR_PRODUCER_LIMIT',
        treatment: 'retry',
      });
      await producer.close(2000);
      await lab.produce(topic);
    },
    LIMIT_MS,
  );

  test.concurrent(
    'has another schema is PULSAR_SCHEMA_REFUSED; one that wants messages encrypted, PULSAR_NOT_ALLOWED',
    async () => {
      const namespace = await lab.namespace('strict', { schemaValidationEnforced: true });
      const refused = { code: 'PULSAR_SCHEMA_REFUSED', treatment: 'fatal' };
      await lab.produce(`${namespace}/typed`, { schema: schema('a') });
      await expect(lab.produce(`${namespace}/typed`, { schema: schema('b') })).rejects.toMatchObject(refused);
      await expect(lab.produce(`${namespace}/typed`)).rejects.toMatchObject(refused);
      const secret = await lab.namespace('secret', { encryptionRequired: true });
      await expect(lab.produce(`${secret}/a`)).rejects.toMatchObject({
        code: 'PULSAR_NOT_ALLOWED',
        treatment: 'fatal',
      });
    },
    LIMIT_MS,
  );
});

describe('a topic with partitions', () => {
  const COUNT = 4;
  const partitioned = (topic: string, count: number): Promise<unknown> =>
    lab.admin('PUT', `/persistent/public/default/${topic}/partitions`, count);

  /** What each partition holds, read to a mark that is sent behind everything. */
  async function readPartitions(topic: string, count = COUNT): Promise<ReadMessage[][]> {
    const { wsUrl } = await lab.broker;
    const transport = await lab.transport();
    return Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const name = `${topic}-partition-${i}`;
        await sendAll(transport, name, [message('', { properties: { end: 'yes' } })]);
        const all = await readTopicUntil(wsUrl, name, (read) => read.at(-1)?.properties.end === 'yes');
        return all.slice(0, -1);
      }),
    );
  }

  /** Texts of each key in the order of their first arrival, and how many partitions that key is in. */
  function arrivals(
    partitions: readonly ReadMessage[][],
  ): Map<string, { texts: Set<string>; in: Set<number> }> {
    const keys = new Map<string, { texts: Set<string>; in: Set<number> }>();
    for (const [i, messages] of partitions.entries()) {
      for (const { key = '', payload } of messages) {
        const seen = keys.get(key) ?? { texts: new Set(), in: new Set() };
        seen.texts.add(String(payload));
        seen.in.add(i);
        keys.set(key, seen);
      }
    }
    return keys;
  }

  function expectInOrder(partitions: readonly ReadMessage[][], messages: readonly OutgoingMessage[]): void {
    const keys = arrivals(partitions);
    for (const key of new Set(messages.map((sent) => sent.key ?? ''))) {
      const sent = messages.filter((one) => one.key === key).map(textOf);
      expect({ key, texts: [...(keys.get(key)?.texts ?? [])] }).toEqual({ key, texts: sent });
    }
  }

  test.concurrent.each(['Murmur3_32Hash', 'JavaStringHash'] as const)(
    'gets each key where the Java client puts it: %s',
    async (hashingScheme) => {
      const topic = `keys-${hashingScheme}`;
      await partitioned(topic, COUNT);
      // The WebSocket API takes no empty key.
      const keys = vectors.keys.map(({ key }) => key).filter((key) => key !== '');
      const { wsUrl } = await lab.broker;
      await produceByJava(
        wsUrl,
        topic,
        keys.map((key) => ({ key, payload: Buffer.from('java') })),
        { hashingScheme },
      );
      await sendAll(
        await lab.transport({ hashingScheme }),
        topic,
        keys.map((key) => message('ours', { key })),
      );
      const found = arrivals(await readPartitions(topic));
      expect(found.size).toBe(keys.length);
      for (const [key, { texts, in: where }] of found) {
        expect({ key, texts: [...texts].sort(), partitions: where.size }).toEqual({
          key,
          texts: ['java', 'ours'],
          partitions: 1,
        });
      }
    },
    LIMIT_MS,
  );

  test.concurrent(
    'one of which is unloaded keeps each key in its partition and in order',
    async () => {
      await partitioned('shaken', COUNT);
      const messages = many(10_000);
      await sendAll(await lab.transport(), 'shaken', messages, () =>
        lab.admin('PUT', '/persistent/public/default/shaken-partition-1/unload'),
      );
      const partitions = await readPartitions('shaken');
      expectInOrder(partitions, messages);
      expect(new Set([...arrivals(partitions).values()].map((key) => key.in.size))).toEqual(new Set([1]));
    },
    LIMIT_MS,
  );

  test.concurrent(
    'grows while it is sent to: its new partitions are used, and nothing is lost',
    async () => {
      await partitioned('growing', 2);
      const messages = many(4000);
      const transport = await lab.transport();
      await sendAll(transport, 'growing', messages.slice(0, 2000));
      const { producer, log } = await lab.produce('growing');
      await lab.admin('POST', '/persistent/public/default/growing/partitions', COUNT);
      for (const one of messages.slice(2000, 3000)) {
        producer.send(one);
      }
      while (producer.partitions < COUNT) {
        await sleep(systemClock, 20);
      }
      for (const one of messages.slice(3000)) {
        producer.send(one);
      }
      await log.until(({ confirmedTexts }) => confirmedTexts.length === 2000);
      const partitions = await readPartitions('growing');
      expect(partitions.every((read) => read.length > 0)).toBe(true);
      const texts = partitions.flat().map(({ payload }) => Number(payload));
      expect(texts.sort((a, b) => a - b)).toEqual(messages.map((_, i) => i));
    },
    LIMIT_MS,
  );

  test.concurrent(
    'is made anew with fewer of them, or with some instead of none: it is sent to as it is then',
    async () => {
      await partitioned('remade', COUNT);
      const remake = (topic: string, path: string, count: number) => async (): Promise<void> => {
        await lab.admin('DELETE', `/persistent/public/default/${topic}${path}?force=true`);
        await partitioned(topic, count);
      };
      const { producer, log } = await lab.produce('remade');
      producer.send(keyed(0));
      await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
      await remake('remade', '/partitions', 2)();
      await log.until(({ failures }) => failures.length === 1);
      const changed = [{ code: 'PULSAR_PARTITIONS_CHANGED', treatment: 'retry' }];
      expect(log.failures).toMatchObject(changed);
      const again = await lab.produce('remade');
      expect(again.producer.partitions).toBe(2);

      const plain = await lab.produce('split');
      await remake('split', '', 2)();
      await plain.log.until(({ failures }) => failures.length === 1);
      expect(plain.log.failures).toMatchObject(changed);
    },
    LIMIT_MS,
  );
});

// Behind all others, which run at once: the broker looks through all its topics for those that move.
describe('a topic of a namespace that', () => {
  test(
    'moves to another cluster is sent to there, and nothing of it is lost',
    async () => {
      const { webServiceUrl, wsUrl } = await lab.broker;
      const elsewhere = await FakePulsarBroker.start();
      lab.atEnd(() => elsewhere.stop());
      const namespace = await lab.namespace('moving');
      const topic = `persistent://${namespace}/moving`;
      await lab.admin('POST', '/clusters/standalone/migrate?isMigrated=false', {
        serviceUrl: webServiceUrl,
        brokerServiceUrl: elsewhere.serviceUrl,
      });
      // With writes in flight the broker (4.0.8) now and then leaves the topic "temporarily unavailable".
      const { producer, log } = await lab.produce(topic);
      const sendUpTo = async (end: number): Promise<void> => {
        for (let i = log.confirmedTexts.length; i < end; i++) {
          producer.send(keyed(i));
        }
        await log.until(({ confirmedTexts }) => confirmedTexts.length === end);
      };
      await sendUpTo(20);
      await lab.admin('POST', `/namespaces/${namespace}/migration`, true);
      await elsewhere.until(() => elsewhere.producers > 0);
      await sendUpTo(60);
      expect(log.failures).toEqual([]);
      const here = (await readTopic(wsUrl, topic, 20)).map(({ payload }) => String(payload));
      expect([...here, ...elsewhere.stored.map(textOf)]).toEqual(many(60).map(textOf));
    },
    LIMIT_MS,
  );
});

test.concurrent(
  'doctor sees what a topic is, and leaves everything as it was',
  async () => {
    const { serviceUrl, webServiceUrl } = await lab.broker;
    const namespace = await lab.namespace('doctor');
    await lab.admin('PUT', `/persistent/${namespace}/plain/partitions`, 2);
    const { producer } = await lab.produce(`persistent://${namespace}/typed`, { schema: schema('id') });
    await producer.close(2000);
    const transport = await lab.transport();
    const consumer = await transport.subscribe({
      topic: `persistent://${namespace}/typed`,
      subscription: 'taken',
      subscriptionType: 'Shared',
      initialPosition: 'earliest',
      receiverQueueSize: 1,
      receiverQueueBytes: 1000,
      negativeAckRedeliveryDelayMs: 1000,
    });
    const listed = (): Promise<string | undefined> => lab.admin('GET', `/persistent/${namespace}`);
    const before = await listed();
    const aws = {
      region: 'us-east-1',
      endpoints: { kinesis: 'http://127.0.0.1:1', dynamodb: 'http://127.0.0.1:1' },
    };
    const configs = { awsKinesisStreamName: 'orders', cloudwatchMetricsLevel: 'NONE', aws };
    const source = (name: string, more: object, topic: string) => ({
      name,
      topicName: `${namespace}/${topic}`,
      processingGuarantees: 'EFFECTIVELY_ONCE',
      configs: { ...configs, ...more },
    });
    const sink = (name: string, sourceSubscriptionName: string) => ({
      name,
      inputs: [`${namespace}/typed`],
      sourceSubscriptionName,
      retainOrdering: true,
      configs,
    });
    const pulsar = { serviceUrl, adminUrl: webServiceUrl };
    const sources = [
      source('plain', {}, 'plain'),
      source('typed', { outputFormat: 'envelope' }, 'typed'),
      source('nowhere', {}, 'nowhere'),
    ];
    const sinks = [sink('late', 'taken'), sink('first', 'free')];
    const report = await examine({
      file: 'doctor',
      load: async () => loadConfigObject({ pulsar, sources, sinks }, 'doctor', { env: {} }),
      opensProducers: true,
      timeout: 20_000,
      strict: false,
      parts: {
        clock: systemClock,
        random: seededRandom(3),
        logger: silentLogger,
        network: systemNetwork,
        stdout: process.stderr,
      },
      signal: new AbortController().signal,
    });
    const verdicts = report.groups.flatMap(({ name, results }) =>
      results.flatMap(({ id, verdict }) => (/^(topic|pulsar)/.test(id) ? [`${name}: ${id} ${verdict}`] : [])),
    );
    expect(verdicts).toEqual([
      'pulsar: pulsar.login ok',
      'source plain: topic.find ok',
      'source plain: topic.producer ok',
      'source plain: topic.deduplication failed',
      'source typed: topic.find ok',
      'source typed: topic.producer ok',
      'source typed: topic.schema failed',
      'source typed: topic.deduplication failed',
      'source nowhere: topic.find warning',
      'source nowhere: topic.producer skipped',
      'source nowhere: topic.deduplication warning',
      'sink late: topic.find ok',
      'sink late: topic.subscription failed',
      'sink first: topic.find ok',
      'sink first: topic.subscription ok',
    ]);
    expect(await listed()).toBe(before);
    await consumer.close(2000);
  },
  LIMIT_MS,
);
