import { isUtf8 } from 'node:buffer';
import { ConfigError, type KinesisSourceConfig } from '../config';
import { ProblemList } from '../config/problems';
import { topicProblems } from '../config/topic-template';
import type { OutputFormat } from '../config/types';
import { ConnectorError } from '../errors';
import { BYTES_SCHEMA, type Record, type Schema, type SourceContext } from '../io';
import type { KinesisRecord } from './kinesis-record';
import { ENVELOPE_SCHEMA, EnvelopeRecord } from './output-envelope';
import { jsonFault } from './output-json';

/** How records become messages of one format. */
export interface Output {
  readonly schema: Schema;
  /** What is handed out for `records`, in their order; those that are not of the format are failed instead. */
  of(records: KinesisRecord[]): Record<Uint8Array>[];
}

const STRING_SCHEMA: Schema = { type: 'STRING', name: 'string', definition: '' };

/**
 * JSON of any kind. Pulsar wants the structure of JSON as an Avro record, and readers of that schema get the whole
 * document whatever fields it names.
 */
const JSON_SCHEMA: Schema = {
  type: 'JSON',
  name: 'json',
  definition: '{"type":"record","name":"Json","namespace":"pulsar_io_kinesis","fields":[]}',
};

const OUTPUTS: { readonly [format in OutputFormat]: Output } = {
  bytes: { schema: BYTES_SCHEMA, of: (records) => records },
  string: checked(STRING_SCHEMA, 'UTF-8 text', (value) =>
    isUtf8(value) ? undefined : 'bytes that are no UTF-8',
  ),
  json: checked(JSON_SCHEMA, 'JSON in UTF-8', jsonFault),
  envelope: {
    schema: ENVELOPE_SCHEMA,
    of: (records) => records.map((record) => new EnvelopeRecord(record)),
  },
};

export function outputOf(format: OutputFormat): Output {
  return OUTPUTS[format];
}

/**
 * Whether everything that leaves a source can reach Pulsar.
 * @throws ConfigError a topic with names that stand for nothing
 * @throws ConnectorError DEAD_LETTER_OVERSIZE
 */
export function checkOutput(
  { onError, dlqOversize }: Pick<KinesisSourceConfig, 'onError' | 'dlqOversize'>,
  { outputTopic, storesAnySize }: Pick<SourceContext, 'outputTopic' | 'storesAnySize'>,
): void {
  const problems = new ProblemList();
  topicProblems(outputTopic, 'topicName', true, problems);
  if (problems.all.length > 0) {
    throw new ConfigError(problems.all);
  }
  if (onError === 'dlq' && dlqOversize === undefined && !storesAnySize) {
    const message = 'a record above the limit of the broker could not become a dead letter either';
    throw new ConnectorError('DEAD_LETTER_OVERSIZE', message, {
      expected: 'dlqOversize, or a transport that sends such messages in chunks',
      found: 'neither',
    });
  }
}

/** The bytes as they are, once they are found to be what the schema says: its readers would meet garbage otherwise. */
function checked(
  schema: Schema,
  expected: string,
  faultOf: (value: Uint8Array) => string | undefined,
): Output {
  return {
    schema,
    of: (records) =>
      records.filter((record) => {
        const found = faultOf(record.value);
        if (found !== undefined) {
          record.fail(invalid(record, expected, found));
        }
        return found === undefined;
      }),
  };
}

function invalid(
  { sequenceNumber, partition }: KinesisRecord,
  expected: string,
  found: string,
): ConnectorError {
  const message = `record ${sequenceNumber} of ${partition.shardId} in ${partition.streamName} is not ${expected}: ${found}`;
  return new ConnectorError('SOURCE_RECORD_INVALID', message, { expected, found });
}
