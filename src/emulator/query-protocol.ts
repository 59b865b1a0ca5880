import { ServiceError } from './service-model';
import { contentTypeOf, type WireProtocol, type WireRequest } from './wire-protocol';

const FORM = 'application/x-www-form-urlencoded';

export const isQuery = (request: Pick<WireRequest, 'headers'>): boolean => contentTypeOf(request) === FORM;

/**
 * The AWS query protocol: a form in, XML out. Every value arrives as text. Source: Smithy, AWS query protocol; it is
 * what SDKs spoke with CloudWatch before JSON.
 */
export const QUERY_PROTOCOL: WireProtocol = {
  read(services, request) {
    const form = new URLSearchParams(request.body.toString());
    const operation = form.get('Action') ?? '';
    const version = form.get('Version');
    const service = services.find((candidate) => candidate.query?.version === version);
    if (request.method !== 'POST' || !service?.operations.includes(operation)) {
      throw new ServiceError('InvalidAction', `Could not find operation ${operation} for version ${version}`);
    }
    form.delete('Action');
    form.delete('Version');
    return { service, operation, input: inputOf(form) };
  },

  invoke({ service, operation, input }, { caller }, requestId) {
    const output = xml(service.invoke(operation, input, caller));
    const result = output === '' ? '' : `<${operation}Result>${output}</${operation}Result>`;
    const namespace = service.query?.xmlNamespace ?? '';
    return {
      contentType: 'text/xml',
      body:
        `<${operation}Response xmlns="${namespace}">${result}` +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`,
    };
  },

  failure({ type, message, status }, _request, requestId) {
    const error = {
      Type: status < 500 ? 'Sender' : 'Receiver',
      Code: queryErrorCode(type),
      Message: message,
    };
    return {
      contentType: 'text/xml',
      body: `<ErrorResponse><Error>${xml(error)}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    };
  },

  event() {
    throw new ServiceError('InvalidAction', 'The query protocol has no event streams.');
  },
};

/** Source: Smithy models of the services, trait awsQueryError. */
const CODES: { readonly [type: string]: string } = {
  MissingRequiredParameterException: 'MissingParameter',
  InternalServiceFault: 'InternalServiceError',
  ValidationException: 'ValidationError',
  ExpiredTokenException: 'ExpiredTokenException',
};

/** The code that the query protocol has for a type of error. */
export function queryErrorCode(type: string): string {
  return CODES[type] ?? type.replace(/Exception$/, '');
}

interface Tree {
  [name: string]: Tree | string;
}

/** `MetricData.member.1.MetricName=x` stands for `{ MetricData: [{ MetricName: 'x' }] }`. */
function inputOf(form: URLSearchParams): unknown {
  const root: Tree = Object.create(null);
  for (const [path, value] of form) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let tree = root;
    for (const name of names) {
      const inner = tree[name] ?? Object.create(null);
      if (typeof inner === 'string') {
        throw new ServiceError('MalformedQueryString', `${path} stands below a value.`);
      }
      tree[name] = inner;
      tree = inner;
    }
    tree[last] = value;
  }
  return withLists(root);
}

function withLists(tree: Tree | string): unknown {
  if (typeof tree === 'string') {
    return tree;
  }
  const { member } = tree;
  if (typeof member === 'object') {
    return Object.keys(member)
      .sort((a, b) => Number(a) - Number(b))
      .map((place) => withLists(member[place] as Tree | string));
  }
  return Object.fromEntries(Object.entries(tree).map(([name, inner]) => [name, withLists(inner)]));
}

function xml(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map((one) => `<member>${xml(one)}</member>`).join('');
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, inner]) => `<${name}>${xml(inner)}</${name}>`)
      .join('');
  }
  return String(value ?? '').replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
