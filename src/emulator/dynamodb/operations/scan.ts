import { validation } from '../failure';
import { allowOnly, type Fields, integer, resourceName, tableName } from '../fields';
import { RequestExpressions } from '../request-expressions';
import { BUCKETS, type Row } from '../rows';
import { readPage, readStartKey } from '../view';
import type { Operation } from './operation';
import { READ_PARAMETERS, readReadParameters } from './read-parameters';

export const scan: Operation = (account, input) => {
  allowOnly(input, [...READ_PARAMETERS, 'Segment', 'TotalSegments']);
  const name = tableName(input);
  const indexName = resourceName(input, 'IndexName');
  const expressions = new RequestExpressions(input, ['FilterExpression', 'ProjectionExpression']);
  const parameters = readReadParameters(input, expressions);
  const within = readSegment(input);
  expressions.finish();

  const view = account.active(name).view(indexName, account.now());
  const startAfter = readStartKey(input, view);
  if (startAfter !== undefined && !within(startAfter)) {
    throw validation(
      'The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. ' +
        `TotalSegments: ${input.TotalSegments} Segment: ${input.Segment}`,
    );
  }
  return readPage(view, { ...parameters, within, startAfter, backward: false });
};

/** Whether a row is in the segment asked for: segments cut the buckets into equal parts. */
function readSegment(input: Fields): (row: Row) => boolean {
  const segment = integer(input, 'Segment', 0);
  const total = integer(input, 'TotalSegments', 1);
  if (segment === undefined && total === undefined) {
    return () => true;
  }
  if (segment === undefined || total === undefined) {
    const [missing, present] =
      segment === undefined ? ['Segment', 'TotalSegments'] : ['TotalSegments', 'Segment'];
    throw validation(
      `The ${missing} parameter is required but was not present in the request when ${present} parameter is present`,
    );
  }
  if (segment >= total) {
    throw validation(
      'The Segment parameter is zero-based and must be less than parameter TotalSegments: ' +
        `Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
  return ({ bucket }) => Math.floor((bucket * total) / BUCKETS) === segment;
}
