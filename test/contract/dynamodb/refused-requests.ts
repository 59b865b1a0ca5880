import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { Row } from './services';

const n = (N: string): AttributeValue => ({ N });
const s = (S: string): AttributeValue => ({ S });
export const KEY: Row = { leaseKey: s('shardId-000000000000') };
export const ITEM: Row = { ...KEY, leaseOwner: s('worker-1'), leaseCounter: n('1'), trail: { L: [s('x')] } };
const V = { ':v': n('1') };

/** Update requests and the message of their ValidationException. */
export const UPDATES: readonly [request: Partial<UpdateItemCommandInput>, message: string][] = [
  [
    {
      UpdateExpression: 'SET leaseCounter = :v',
      ConditionExpression: 'leaseOwner = :me',
      ExpressionAttributeValues: V,
    },
    'Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :me',
  ],
  [
    { UpdateExpression: 'SET #c = :v', ExpressionAttributeValues: V },
    'Invalid UpdateExpression: An expression attribute name used in the document path is not defined; attribute name: #c',
  ],
  [
    { UpdateExpression: 'SET leaseCounter = :v', ExpressionAttributeValues: { ...V, ':w': n('1') } },
    'Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}',
  ],
  [
    { UpdateExpression: 'REMOVE leaseCounter', ExpressionAttributeNames: { '#c': 'x' } },
    'Value provided in ExpressionAttributeNames unused in expressions: keys: {#c}',
  ],
  [
    { UpdateExpression: 'REMOVE leaseCounter', ExpressionAttributeNames: { c: 'x' } },
    'ExpressionAttributeNames contains invalid key: Syntax error; key: "c"',
  ],
  [
    { ExpressionAttributeValues: V },
    'ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null',
  ],
  [
    {
      UpdateExpression: 'SET leaseCounter = :v',
      ExpressionAttributeValues: V,
      Expected: { leaseKey: { Exists: false } },
    },
    'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {UpdateExpression}',
  ],
  [
    { UpdateExpression: 'SET status = :v', ExpressionAttributeValues: V },
    'Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: status',
  ],
  [
    { UpdateExpression: 'SET leaseKey = :v', ExpressionAttributeValues: { ':v': s('x') } },
    'One or more parameter values were invalid: Cannot update attribute leaseKey. This attribute is part of the key',
  ],
  [
    { UpdateExpression: 'SET a = :v SET b = :v', ExpressionAttributeValues: V },
    'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;',
  ],
  [
    { UpdateExpression: 'SET trail = :v REMOVE trail[0]', ExpressionAttributeValues: V },
    'Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [trail], path two: [trail, [0]]',
  ],
  [
    { UpdateExpression: 'SET trail.x = :v, trail[0] = :v', ExpressionAttributeValues: V },
    'Invalid UpdateExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [trail, x], path two: [trail, [0]]',
  ],
  [
    { UpdateExpression: 'ADD leaseCounter :v', ExpressionAttributeValues: { ':v': s('x') } },
    'Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: STRING',
  ],
  [
    { UpdateExpression: 'SET leaseCounter = leaseCounter + :v', ExpressionAttributeValues: { ':v': s('x') } },
    'Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, operand type: S',
  ],
  [
    { UpdateExpression: 'SET leaseCounter = max(:v)', ExpressionAttributeValues: V },
    'Invalid UpdateExpression: Invalid function name; function: max',
  ],
  [
    { UpdateExpression: 'ADD leaseOwner :v', ExpressionAttributeValues: V },
    'An operand in the update expression has an incorrect data type',
  ],
  [
    { UpdateExpression: 'SET leaseCounter = absent' },
    'The provided expression refers to an attribute that does not exist in the item',
  ],
  [
    { UpdateExpression: 'SET absent.x = :v', ExpressionAttributeValues: V },
    'The document path provided in the update expression is invalid for update',
  ],
  [
    { UpdateExpression: 'SET leaseOwner.x = :v', ExpressionAttributeValues: V },
    'The document path provided in the update expression is invalid for update',
  ],
  [{ UpdateExpression: '' }, 'Invalid UpdateExpression: The expression can not be empty;'],
  [
    { ConditionExpression: '((leaseCounter = :v))', ExpressionAttributeValues: V },
    'Invalid ConditionExpression: The expression has redundant parentheses;',
  ],
  [
    { ConditionExpression: 'exists(leaseCounter)' },
    'Invalid ConditionExpression: Invalid function name; function: exists',
  ],
  [
    { ConditionExpression: 'attribute_exists(:v)', ExpressionAttributeValues: V },
    'Invalid ConditionExpression: Operator or function requires a document path; operator or function: attribute_exists',
  ],
  [
    { ConditionExpression: 'contains(leaseOwner)' },
    'Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1',
  ],
  [
    { ConditionExpression: 'leaseOwner = leaseOwner' },
    'Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [leaseOwner]',
  ],
  [
    { ConditionExpression: 'begins_with(leaseOwner, :v)', ExpressionAttributeValues: V },
    'Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
  ],
  [
    { ConditionExpression: 'attribute_type(leaseOwner, :v)', ExpressionAttributeValues: { ':v': s('X') } },
    'Invalid ConditionExpression: Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}',
  ],
  [
    {
      ConditionExpression: 'leaseCounter BETWEEN :v AND :w',
      ExpressionAttributeValues: { ...V, ':w': n('0') },
    },
    'Invalid ConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {N:0}',
  ],
  [{ Key: {} }, 'The provided key element does not match the schema'],
  [{ Key: { leaseKey: n('1') } }, 'The provided key element does not match the schema'],
  [{ Key: { ...KEY, leaseOwner: s('x') } }, 'The provided key element does not match the schema'],
  [
    { AttributeUpdates: { leaseCounter: { Action: 'ADD', Value: s('x') } } },
    'One or more parameter values were invalid: ADD action is not supported for the type S',
  ],
  [
    { AttributeUpdates: { leaseCounter: { Action: 'PUT' } } },
    'One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is specified',
  ],
  [
    { AttributeUpdates: { leaseOwner: { Action: 'ADD', Value: n('1') } } },
    'Type mismatch for attribute to update',
  ],
  [
    { Expected: { leaseOwner: { Exists: true } } },
    'One or more parameter values were invalid: Value must be provided when Exists is true for Attribute: leaseOwner',
  ],
  [
    { Expected: { leaseOwner: { Exists: false, Value: s('x') } } },
    'One or more parameter values were invalid: Value cannot be used when Exists is false for Attribute: leaseOwner',
  ],
  [
    { Expected: { leaseOwner: { ComparisonOperator: 'EQ', AttributeValueList: [s('a'), s('b')] } } },
    'One or more parameter values were invalid: Invalid number of argument(s) for the EQ ComparisonOperator',
  ],
];

/** Values no item may hold, and what is said of them. */
export const VALUES: readonly [value: AttributeValue, message: string][] = [
  [n('1e126'), 'Number overflow. Attempting to store a number with magnitude larger than supported range'],
  [n('1e-131'), 'Number underflow. Attempting to store a number with magnitude smaller than supported range'],
  [
    n('123456789012345678901234567890123456789'),
    'Attempting to store more than 38 significant digits in a Number',
  ],
  [n('ten'), 'The parameter cannot be converted to a numeric value: ten'],
  [n(''), 'The parameter cannot be converted to a numeric value'],
  [{ SS: [] }, 'One or more parameter values were invalid: An string set  may not be empty'],
  [
    { SS: ['a', 'b', 'a'] },
    'One or more parameter values were invalid: Input collection [a, b, a] contains duplicates.',
  ],
  [{ NS: ['1', '1.0'] }, 'Input collection contains duplicates'],
  [s('x'.repeat(400 * 1024)), 'Item size has exceeded the maximum allowed size'],
];
