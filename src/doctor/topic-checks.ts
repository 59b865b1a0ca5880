import type { ProducerSettings } from '../config';
import { type ConnectorError, isConnectorError } from '../errors';
import { BYTES_SCHEMA, type Schema } from '../io';
import { DeduplicationPolicy } from '../pulsar/deduplication-policy';
import type { Clock } from '../util/clock';
import { type Check, type Finding, failed, findingOf, ok, skipped, warning } from './check';
import { type ExaminedTopic, ifShown } from './examined-topic';
import type { FoundTopic } from './pulsar-reach';
import { count } from './words';

/** Milliseconds that a producer may take to close; it has sent nothing. */
const CLOSE_MS = 2000;

/** Whether the topic is there. @param needs key of the log-in */
export function findCheck(topic: ExaminedTopic, needs: readonly string[]): Check {
  const { pulsar } = topic;
  return {
    key: topic.key('find'),
    id: 'topic.find',
    group: topic.group,
    title: `topic ${topic.label}`,
    needs,
    run: async () => {
      if (!pulsar.isBinary && !pulsar.admin) {
        return skipped('only pulsar:// or pulsar.adminUrl shows whether it is there');
      }
      return ifShown(async () => {
        topic.found = await pulsar.find(topic.name);
        return judgeTopic(topic.found);
      });
    },
  };
}

function judgeTopic({ exists, partitions }: FoundTopic): Finding {
  if (exists) {
    return ok(partitions === 0 ? 'there, not partitioned' : `there, ${count(partitions, 'partition')}`);
  }
  return {
    ...warning(
      'there is no such topic',
      'Create it, or leave that to the broker where it may create topics; without partitions a topic is as fast as one broker.',
    ),
    code: 'PULSAR_TOPIC_NOT_FOUND',
  };
}

export interface ProducerLook {
  readonly settings: ProducerSettings;
  readonly schema: Schema;
  /** Bytes of the largest record of the streams; undefined while it is not known. */
  largest(): number | undefined;
}

/** Whether a producer can be made: one is opened without a schema, which registers none, and closed. */
export function producerCheck(topic: ExaminedTopic, { settings, schema, largest }: ProducerLook): Check {
  return {
    key: topic.key('producer'),
    id: 'topic.producer',
    group: topic.group,
    title: 'producer',
    needs: [topic.key('find')],
    run: async () => {
      if (topic.found === undefined) {
        return skipped('a producer could create the topic, if it is not there');
      }
      if (topic.absence !== undefined) {
        return skipped(topic.absence);
      }
      const transport = topic.pulsar.transport(settings);
      try {
        const producer = await transport.createProducer({ topic: topic.name, listener: NOBODY });
        await producer.close(CLOSE_MS);
        return judgeSize(transport.maxMessageBytes, transport.chunks && settings.chunkingEnabled, largest());
      } catch (error) {
        if (isConnectorError(error, 'PULSAR_SCHEMA_REFUSED') && schema.type !== 'BYTES') {
          return skipped('the topic takes no producer without a schema');
        }
        throw error;
      } finally {
        await transport.close(CLOSE_MS);
      }
    },
  };
}

export function judgeSize(limit: number | undefined, chunked: boolean, largest: number | undefined): Finding {
  if (limit === undefined) {
    return ok('opened, and closed again');
  }
  const words = `opened, and closed again; messages up to ${limit} bytes`;
  if (chunked) {
    return ok(`${words}, larger ones in chunks`);
  }
  return largest !== undefined && largest > limit
    ? warning(
        `${words}, records up to ${largest} bytes, and no chunks`,
        'Set chunkingEnabled with pulsar://, raise maxMessageSize of the broker, or set deadLetterTopic.',
      )
    : ok(words);
}

const nothing = (): void => undefined;
const NOBODY = { confirmed: nothing, rejected: nothing, failed: nothing, drained: nothing };

/** Whether the topic takes the schema of the messages, asked without registering it. */
export function schemaCheck(topic: ExaminedTopic, schema: Schema = BYTES_SCHEMA): Check {
  return {
    key: topic.key('schema'),
    id: 'topic.schema',
    group: topic.group,
    title: `schema ${schema.type}`,
    needs: [topic.key('find')],
    run: async () => {
      const why =
        topic.absence ?? (topic.pulsar.admin ? undefined : 'only pulsar.adminUrl shows whether it fits');
      if (why !== undefined) {
        return skipped(why);
      }
      return ifShown(async () => {
        const answer = (await topic.pulsar.compatibility(topic.name, schema)) ?? {};
        return judgeSchema(answer);
      });
    },
  };
}

/** @param answer of the REST API; empty when the topic has no schema yet */
function judgeSchema({
  compatibility,
  schemaCompatibilityStrategy: strategy,
}: {
  readonly [name: string]: unknown;
}): Finding {
  return compatibility === false
    ? failed(
        `the topic does not take it (${String(strategy)})`,
        'The topic has another schema: use another topic or outputFormat, or change its schema.',
        'PULSAR_SCHEMA_REFUSED',
      )
    : ok('the topic takes it');
}

/** Whether the topic deduplicates. @param enables whether the source switches it on */
export function deduplicationCheck(topic: ExaminedTopic, enables: boolean, clock: Clock): Check {
  const { pulsar } = topic;
  return {
    key: topic.key('deduplication'),
    id: 'topic.deduplication',
    group: topic.group,
    title: 'deduplication',
    needs: [topic.key('find')],
    run: async () => {
      const { adminUrl, operationTimeout: timeout } = pulsar.settings;
      if (adminUrl === undefined) {
        return skipped('without pulsar.adminUrl it is found out by the first record that is sent');
      }
      // Nothing is made here: it is only asked.
      const create = (): Promise<void> => Promise.resolve();
      const policy = new DeduplicationPolicy({ adminUrl, clock, timeout, send: pulsar.http, create });
      try {
        await policy.require(topic.name, false);
        return ok('on');
      } catch (error) {
        if (!isConnectorError(error, 'PULSAR_DEDUPLICATION_OFF')) {
          throw error;
        }
        return judgeDeduplication(error, enables, topic.absence !== undefined);
      }
    },
  };
}

export function judgeDeduplication(error: ConnectorError, enables: boolean, isAbsent: boolean): Finding {
  if (enables) {
    return ok('off: the source switches it on (enableDeduplication)');
  }
  return isAbsent
    ? { ...findingOf(error, 'warning'), found: 'off, or not known before the topic is there' }
    : findingOf(error);
}
