import {
  DeleteStreamCommand,
  DeregisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  ListStreamConsumersCommand,
  RegisterStreamConsumerCommand,
} from '@aws-sdk/client-kinesis';
import { eventually, type Lab } from '../lab';
import type { Differences, Scenario } from '../scenario';

const NOT_FOUND = 'ResourceNotFoundException 400';
const IN_USE = 'ResourceInUseException 400';
const ARGUMENT = 'InvalidArgumentException 400';

const NO_CONSUMERS = 'UnknownOperationException';

/** A scenario that an emulator without consumers answers with just that. */
export function withConsumers(scenario: Scenario): Scenario {
  return {
    ...scenario,
    observe: async (lab) => {
      try {
        return await scenario.observe(lab);
      } catch (error) {
        if (error instanceof Error && error.name === NO_CONSUMERS) {
          return NO_CONSUMERS;
        }
        throw error;
      }
    },
    differences: {
      kinesalite: { answers: NO_CONSUMERS, because: 'it knows no consumers' },
      ...scenario.differences,
    },
  };
}

/** A call about a stream with one consumer, and the error it is answered with. */
function refusal(
  what: string,
  documented: string,
  call: (lab: Lab, StreamARN: string, StreamName: string) => Promise<unknown>,
  differences: Differences = {},
): Scenario {
  return {
    promise: `${what} is refused`,
    source: 'Kinesis API, Errors of the operation',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      await lab.consumer(stream);
      return lab.failure(call(lab, await lab.arn(stream), stream));
    },
    documented,
    differences,
  };
}

const SCENARIOS: readonly Scenario[] = [
  {
    promise:
      'a consumer is described by its ARN and by its names alike, with the second of its making in the ARN',
    source: 'Kinesis API, DescribeStreamConsumer; Consumer: ConsumerARN',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const ConsumerARN = await lab.consumer(stream);
      const StreamARN = await lab.arn(stream);
      const describe = async (ref: object) =>
        (await lab.client.send(new DescribeStreamConsumerCommand(ref))).ConsumerDescription;
      const byArn = await describe({ ConsumerARN });
      const seconds = Math.floor((byArn?.ConsumerCreationTimestamp?.getTime() ?? 0) / 1000);
      return {
        name: byArn?.ConsumerName,
        status: byArn?.ConsumerStatus,
        ofStream: byArn?.StreamARN === StreamARN,
        arn: byArn?.ConsumerARN === `${StreamARN}/consumer/app:${seconds}`,
        alike: JSON.stringify(byArn) === JSON.stringify(await describe({ StreamARN, ConsumerName: 'app' })),
      };
    },
    documented: { name: 'app', status: 'ACTIVE', ofStream: true, arn: true, alike: true },
  },
  {
    promise: 'consumers are listed by pages, and counted in the summary of the stream',
    source: 'Kinesis API, ListStreamConsumers; StreamDescriptionSummary: ConsumerCount',
    observe: async (lab) => {
      const StreamName = await lab.stream(1);
      for (const name of ['a', 'b', 'c']) {
        await lab.consumer(StreamName, name);
      }
      const StreamARN = await lab.arn(StreamName);
      const names: string[][] = [];
      let NextToken: string | undefined;
      do {
        const page = await lab.client.send(
          new ListStreamConsumersCommand({
            StreamARN,
            MaxResults: 2,
            ...(NextToken !== undefined && { NextToken }),
          }),
        );
        names.push((page.Consumers ?? []).map(({ ConsumerName = '' }) => ConsumerName));
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      const summary = await lab.client.send(new DescribeStreamSummaryCommand({ StreamName }));
      return { names, count: summary.StreamDescriptionSummary?.ConsumerCount };
    },
    documented: { names: [['a', 'b'], ['c']], count: 3 },
    differences: {
      'kinesis-local': {
        answers: { names: [['a', 'b']], count: 3 },
        because: 'it has no second page',
      },
    },
  },
  {
    promise: 'a deregistered consumer is unknown in the end, and its name is free',
    source: 'Kinesis API, DeregisterStreamConsumer',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      // kinesis-local keeps one for ever while another stream has a consumer of that name.
      const ConsumerARN = await lab.consumer(stream, 'leaving');
      await lab.client.send(new DeregisterStreamConsumerCommand({ ConsumerARN }));
      const describe = () => lab.client.send(new DescribeStreamConsumerCommand({ ConsumerARN }));
      await eventually(async () => (await lab.failure(describe())) !== 'accepted');
      return [await lab.failure(describe()), (await lab.consumer(stream, 'leaving')) !== ''];
    },
    documented: [NOT_FOUND, true],
  },
  {
    promise: 'a stream is deleted together with its consumers when that is asked for',
    source: 'Kinesis API, DeleteStream: EnforceConsumerDeletion',
    observe: async (lab) => {
      const StreamName = await lab.stream(1);
      await lab.consumer(StreamName);
      const remove = new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true });
      return lab.failure(lab.client.send(remove));
    },
    documented: 'accepted',
  },
  refusal('registering a name that is taken', IN_USE, (lab, StreamARN) =>
    lab.client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'app' })),
  ),
  refusal('registering a consumer of an unknown stream', NOT_FOUND, (lab, StreamARN) =>
    lab.client.send(
      new RegisterStreamConsumerCommand({ StreamARN: `${StreamARN}-unknown`, ConsumerName: 'app' }),
    ),
  ),
  refusal('describing an unknown consumer by its name', NOT_FOUND, (lab, StreamARN) =>
    lab.client.send(new DescribeStreamConsumerCommand({ StreamARN, ConsumerName: 'other' })),
  ),
  refusal('describing an unknown consumer by its ARN', NOT_FOUND, (lab, StreamARN) =>
    lab.client.send(
      new DescribeStreamConsumerCommand({ ConsumerARN: `${StreamARN}/consumer/app:1000000000` }),
    ),
  ),
  refusal('describing a consumer without naming it', ARGUMENT, (lab, StreamARN) =>
    lab.client.send(new DescribeStreamConsumerCommand({ StreamARN })),
  ),
  refusal('deregistering an unknown consumer', NOT_FOUND, (lab, StreamARN) =>
    lab.client.send(new DeregisterStreamConsumerCommand({ StreamARN, ConsumerName: 'other' })),
  ),
  refusal('deleting a stream that has consumers', IN_USE, (lab, _arn, StreamName) =>
    lab.client.send(new DeleteStreamCommand({ StreamName })),
  ),
];

export const CONSUMERS = SCENARIOS.map(withConsumers);
