import { operation, STREAM_NAME } from '../operation';
import { summarise } from '../summary';

const DEFAULT_LIMIT = 100;

/** The next token is the name of the last stream listed, in base64. */
export const listStreams = operation(
  {
    Limit: { type: 'Integer', min: 1, max: 10_000 },
    ExclusiveStartStreamName: STREAM_NAME,
    NextToken: { type: 'String', min: 1, max: 1_048_576 },
  },
  (account, input) => {
    const token = input.NextToken;
    const after =
      token === undefined ? (input.ExclusiveStartStreamName ?? '') : Buffer.from(token, 'base64').toString();
    const limit = input.Limit ?? DEFAULT_LIMIT;
    const streams = account.streams().filter((stream) => stream.settings.name > after);
    const page = streams.slice(0, limit).map((stream) => summarise(stream, account.now()));
    const last = page.at(-1);
    const more = streams.length > limit;
    return {
      StreamNames: page.map((summary) => summary.StreamName),
      HasMoreStreams: more,
      StreamSummaries: page.map(
        ({ StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp }) => ({
          StreamName,
          StreamARN,
          StreamStatus,
          StreamModeDetails,
          StreamCreationTimestamp,
        }),
      ),
      ...(more && last && { NextToken: Buffer.from(last.StreamName).toString('base64') }),
    };
  },
);
