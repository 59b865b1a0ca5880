import { type ServiceClock, ServiceError, type ServiceModel } from '../service-model';
import { type PutDatum, readDatum } from './datum';
import { invalidValue, missing } from './failure';
import { Parameters } from './parameter';

const MAX_DATA = 1_000;
const MAX_NAMESPACE = 255;
const PAGE = 500;

/** CloudWatch as far as metrics are put, without sockets. */
export interface CloudWatchModel extends ServiceModel {
  /** Every datum that was put, in the order in which it came. */
  data(): readonly PutDatum[];
}

/** PutMetricData with the checks of AWS, ListMetrics to see what is there. Source: CloudWatch API. */
export function createCloudWatchModel(clock: ServiceClock): CloudWatchModel {
  const data: PutDatum[] = [];
  const putMetricData = (input: Parameters): object => {
    data.push(...readData(input, clock.now()));
    return {};
  };
  const operations = new Map([
    ['ListMetrics', (input: Parameters) => listMetrics(data, input)],
    ['PutMetricData', putMetricData],
  ]);
  return {
    target: 'GraniteServiceVersion20100801',
    operations: [...operations.keys()],
    query: { version: '2010-08-01', xmlNamespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/' },
    maxBodyBytes: 1024 * 1024,
    data: () => data,
    invoke: (name, input) => {
      const operation = operations.get(name);
      if (operation === undefined) {
        throw new ServiceError('UnknownOperationException', `${name} is not emulated.`);
      }
      return operation(new Parameters(input));
    },
  };
}

/** All of a request, or nothing. @throws ServiceError */
function readData(input: Parameters, now: number): PutDatum[] {
  const namespace = input.text('Namespace', MAX_NAMESPACE);
  if (!/^[\x20-\x7e]+$/.test(namespace) || namespace.startsWith(':')) {
    throw input.invalid('Namespace');
  }
  if (namespace.startsWith('AWS/')) {
    throw invalidValue('The value AWS/ for parameter Namespace is invalid.');
  }
  const data = input.structures('MetricData', MAX_DATA);
  if (data.length === 0) {
    throw missing('MetricData');
  }
  return data.map((datum) => readDatum(datum, namespace, now));
}

/** Every metric once: namespace, name and dimensions make it. */
function listMetrics(data: readonly PutDatum[], input: Parameters): object {
  const namespace = input.has('Namespace') ? input.text('Namespace', MAX_NAMESPACE) : undefined;
  const name = input.has('MetricName') ? input.text('MetricName', MAX_NAMESPACE) : undefined;
  const start = input.has('NextToken') ? Number(input.text('NextToken', MAX_NAMESPACE)) : 0;
  const metrics = new Map<string, object>();
  for (const datum of data) {
    if ((namespace ?? datum.namespace) === datum.namespace && (name ?? datum.name) === datum.name) {
      const metric = {
        Namespace: datum.namespace,
        MetricName: datum.name,
        Dimensions: datum.dimensions.map((dimension) => ({ Name: dimension.name, Value: dimension.value })),
      };
      metrics.set(JSON.stringify(metric), metric);
    }
  }
  const end = start + PAGE;
  return {
    Metrics: [...metrics.values()].slice(start, end),
    ...(end < metrics.size && { NextToken: String(end) }),
  };
}
