import {
  type AccessRule,
  ANY,
  anyResource,
  type Members,
  type Place,
  type ServiceAccess,
  textOf,
} from './access';

function tableArn(input: Members, { region, account }: Place): string {
  const name = textOf(input, 'TableName');
  if (name === undefined) {
    return ANY;
  }
  return name.startsWith('arn:') ? name : `arn:aws:dynamodb:${region}:${account}:table/${name}`;
}

const table: AccessRule = (input, place) => [{ resource: tableArn(input, place) }];

/** Of an index it is the index that is asked for, not its table. */
const tableOrIndex: AccessRule = (input, place) => {
  const index = textOf(input, 'IndexName');
  const arn = tableArn(input, place);
  return [{ resource: index === undefined || arn === ANY ? arn : `${arn}/index/${index}` }];
};

/** Tags of a new table, even none of them, ask for the right to tag. Source: what CreateTable is refused with. */
const createTable: AccessRule = (input, place) => {
  const resource = tableArn(input, place);
  return [{ resource }, ...(input.Tags === undefined ? [] : [{ resource, action: 'dynamodb:TagResource' }])];
};

const namedArn: AccessRule = (input) => [{ resource: textOf(input, 'ResourceArn') ?? ANY }];

/** Source: Service Authorization Reference, Amazon DynamoDB. */
export const DYNAMODB_ACCESS: ServiceAccess = {
  prefix: 'dynamodb',
  rules: {
    CreateTable: createTable,
    DeleteItem: table,
    DeleteTable: table,
    DescribeContinuousBackups: table,
    DescribeTable: table,
    GetItem: table,
    ListTables: anyResource,
    ListTagsOfResource: namedArn,
    PutItem: table,
    Query: tableOrIndex,
    Scan: tableOrIndex,
    TagResource: namedArn,
    UpdateContinuousBackups: table,
    UpdateItem: table,
    UpdateTable: table,
  },
};
