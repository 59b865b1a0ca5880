import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { type Emulator, startEmulator } from '../../../src/emulator';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator();
});
afterEach(() => emulator.close());

async function post(body: string | Buffer, headers: { [name: string]: string }) {
  const call = request(emulator.kinesisEndpoint, { method: 'POST', agent: false, headers });
  call.end(body);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
  }
  return { status: response.statusCode, headers: response.headers, text };
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
const JSON_1_0 = {
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData',
  'x-amzn-query-mode': 'true',
};
const form = (members: object) => new URLSearchParams({ Version: '2010-08-01', ...members }).toString();
const PUT = {
  Action: 'PutMetricData',
  Namespace: 'app & co',
  'MetricData.member.1.MetricName': 'Time',
  'MetricData.member.1.Dimensions.member.1.Name': 'Operation',
  'MetricData.member.1.Dimensions.member.1.Value': 'ProcessTask',
  'MetricData.member.1.StatisticValues.SampleCount': '2.0',
  'MetricData.member.1.StatisticValues.Sum': '5.5',
  'MetricData.member.1.StatisticValues.Minimum': '1',
  'MetricData.member.1.StatisticValues.Maximum': '4.5',
  'MetricData.member.1.Unit': 'Milliseconds',
  'MetricData.member.2.MetricName': 'Success',
  'MetricData.member.2.Value': '1',
};

describe('CloudWatch by the query protocol', () => {
  it('takes a form, lists and structures by their paths', async () => {
    const timestamp = emulator.clock.now() - 60_000;
    const iso = { 'MetricData.member.1.Timestamp': new Date(timestamp).toISOString() };
    const answer = await post(form({ ...PUT, ...iso }), FORM);
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/xml' } });
    expect(answer.text).toMatch(
      /^<PutMetricDataResponse xmlns="http:\/\/monitoring\.amazonaws\.com\/doc\/2010-08-01\/">/,
    );
    expect(emulator.cloudwatch.data()).toMatchObject([
      {
        namespace: 'app & co',
        name: 'Time',
        dimensions: [{ name: 'Operation', value: 'ProcessTask' }],
        timestamp,
        unit: 'Milliseconds',
        statistics: { count: 2, sum: 5.5, min: 1, max: 4.5 },
      },
      { name: 'Success', dimensions: [], unit: 'None', statistics: { count: 1, sum: 1, min: 1, max: 1 } },
    ]);
  });

  it('keeps the order of a list of more than nine', async () => {
    const members = Array.from({ length: 12 }, (_, index) => [
      [`MetricData.member.${12 - index}.MetricName`, `m${12 - index}`],
      [`MetricData.member.${12 - index}.Value`, '1'],
    ]).flat();
    await post(form({ Action: 'PutMetricData', Namespace: 'app', ...Object.fromEntries(members) }), FORM);
    expect(emulator.cloudwatch.data().map(({ name }) => name)).toEqual(
      Array.from({ length: 12 }, (_, index) => `m${index + 1}`),
    );
  });

  it('answers with XML in which text stays text', async () => {
    await post(form(PUT), FORM);
    const { text } = await post(form({ Action: 'ListMetrics' }), FORM);
    expect(text).toContain(
      '<ListMetricsResult><Metrics><member><Namespace>app &#38; co</Namespace><MetricName>Time</MetricName><Dimensions>' +
        '<member><Name>Operation</Name><Value>ProcessTask</Value></member></Dimensions></member>',
    );
  });

  it.each([
    ['a wrong value', { ...PUT, 'MetricData.member.2.Value': 'NaN' }, 'InvalidParameterValue'],
    ['a missing one', { Action: 'PutMetricData', Namespace: 'app' }, 'MissingParameter'],
    ['an unknown action', { Action: 'Fly' }, 'InvalidAction'],
    ['a value below a value', { ...PUT, 'Namespace.x': '1' }, 'MalformedQueryString'],
    ['another version', { ...PUT, Version: '1999-01-01' }, 'InvalidAction'],
  ])('refuses %s with the code of that protocol', async (_what, members, code) => {
    const { status, text } = await post(form(members), FORM);
    expect(status).toBe(400);
    expect(text).toContain(`<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>`);
    expect(emulator.cloudwatch.data()).toEqual([]);
  });

  it('is struck by faults', async () => {
    const fault = { kind: 'error', type: 'Throttling', message: 'Rate exceeded' } as const;
    emulator.faults.add({ operation: 'PutMetricData', fault, times: 1 });
    expect((await post(form(PUT), FORM)).text).toContain('<Code>Throttling</Code>');
    expect((await post(form(PUT), FORM)).status).toBe(200);
  });
});

describe('CloudWatch by JSON', () => {
  const body = JSON.stringify({ Namespace: 'app', MetricData: [{ MetricName: 'm', Value: 1 }] });

  it.each([
    ['as it is', body, {}],
    ['compressed', gzipSync(body), { 'content-encoding': 'gzip' }],
  ])('takes a body %s', async (_how, sent, headers) => {
    expect((await post(sent, { ...JSON_1_0, ...headers })).status).toBe(200);
    expect(emulator.cloudwatch.data()).toHaveLength(1);
  });

  it('refuses a body that claims to be compressed', async () => {
    const answer = await post(body, { ...JSON_1_0, 'content-encoding': 'gzip' });
    expect(JSON.parse(answer.text)).toMatchObject({ __type: 'SerializationException' });
  });

  it('refuses a body above 1 MiB, counted as it is sent', async () => {
    const long = body.padEnd(1024 * 1024 + 1);
    expect((await post(long, JSON_1_0)).status).toBe(413);
    expect((await post(gzipSync(long), { ...JSON_1_0, 'content-encoding': 'gzip' })).status).toBe(200);
  });

  it('tells clients of the query protocol its code of an error', async () => {
    const answer = await post('{"Namespace":"app"}', JSON_1_0);
    expect(answer.headers['x-amzn-query-error']).toBe('MissingParameter;Sender');
    expect(JSON.parse(answer.text)).toEqual({
      __type: 'MissingRequiredParameterException',
      message: 'The parameter MetricData is required.',
    });
  });
});
