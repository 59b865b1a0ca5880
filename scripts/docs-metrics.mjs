// The page docs/metrics.md, made from src/metrics/definitions.ts; scripts/docs.mjs writes and checks it.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** The exports of a TypeScript file that imports nothing at run time. */
function load(url) {
  const { code } = require('@swc/core').transformFileSync(fileURLToPath(url), {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  const module = { exports: {} };
  new Function('module', 'exports', code)(module, module.exports);
  return module.exports;
}

const { METRICS, OPERATIONS, CALL_BUCKETS } = load(new URL('../src/metrics/definitions.ts', import.meta.url));
const { prometheusPlace, INSTANCE_LABELS, USER_METRIC } = load(
  new URL('../src/metrics/prometheus-place.ts', import.meta.url),
);

const DIMENSIONS = {
  shard: 'ShardId',
  worker: 'WorkerIdentifier',
  stream: 'StreamName',
  streamId: 'StreamId',
};
const ONLY = { ShardId: ' (at DETAILED only)', StreamId: ' (of a source of several streams only)' };

const code = (text) => `\`${text}\``;

const codes = (names) => names.map(code).join(', ');

/** Labels beside those that every metric of an instance has. */
const ownLabels = ({ labels }) => labels.filter((label) => !INSTANCE_LABELS.includes(label));

const HEADER = `| Prometheus | type | labels | meaning | CloudWatch | unit | only at | our name |
|---|---|---|---|---|---|---|---|`;

function row([name, definition]) {
  const { unit, help, cloudwatch } = definition;
  const place = prometheusPlace(name, definition);
  const level = cloudwatch?.level === 'DETAILED' ? 'DETAILED' : '';
  const published = cloudwatch === undefined ? ['', ''] : [code(cloudwatch.name), unit];
  const cells = [
    code(place.name),
    place.type,
    codes(ownLabels(place)),
    help,
    ...published,
    level,
    code(name),
  ];
  return `| ${cells.join(' | ')} |`;
}

function section(operation) {
  const dimensions = ['Operation', ...OPERATIONS[operation].map((label) => DIMENSIONS[label])];
  const metrics = Object.entries(METRICS).filter(([, metric]) => metric.cloudwatch?.operation === operation);
  return `### ${operation}

Dimensions in CloudWatch: ${dimensions.map((name) => code(name) + (ONLY[name] ?? '')).join(', ')}.

${HEADER}
${metrics.map(row).join('\n')}
`;
}

function onlyPrometheus() {
  const metrics = Object.entries(METRICS).filter(([, metric]) => metric.cloudwatch === undefined);
  return `### Of the runtime, in Prometheus only

${HEADER}
${metrics.map(row).join('\n')}
| ${code(USER_METRIC.name)} | ${USER_METRIC.type} | ${codes(ownLabels(USER_METRIC))} | ${USER_METRIC.help} | as recorded | None | | |
`;
}

export function metricsPage() {
  return `# Metrics

Made from \`src/metrics/definitions.ts\` by \`node scripts/docs.mjs\`: mend the definitions, not this page.

## Prometheus

\`GET /metrics\` of a process that runs with \`http.port\` set. Every metric of an instance has the labels
${codes(INSTANCE_LABELS)} beside those named below: \`source\` or \`sink\`, \`tenant/namespace/name\`, and 0 to
\`parallelism\` − 1. Times are seconds. Attempts have the label \`outcome\`: \`success\` or \`failure\`. Histograms and
attempts are of all shards of a stream together; levels and counts of each. Counts go on when an instance starts anew.
When an instance does not read a shard any more, its levels go at once and its counts ten minutes later.

Bounds of histograms, in milliseconds: ${CALL_BUCKETS.join(', ')};
of \`${prometheusPlace('end_to_end_time', METRICS.end_to_end_time).name}\`:
${METRICS.end_to_end_time.buckets.join(', ')}.

The process itself is shown under the names of prom-client: \`nodejs_eventloop_lag_seconds\`,
\`nodejs_heap_size_used_bytes\`, \`process_resident_memory_bytes\`, and so on.

Dashboard: [deploy/grafana/dashboard.json](../deploy/grafana/dashboard.json). Alert rules:
[deploy/prometheus/alerts.yaml](../deploy/prometheus/alerts.yaml).

### What the lag says

\`${prometheusPlace('millis_behind_latest', METRICS.millis_behind_latest).name}\` is there for every shard that is read, each second, whether anything moves or not:

| shard | value |
|---|---|
| read to its end | 0, when Kinesis has just said so |
| behind | what the newest answer said, plus the time since then once no answer has come for 5 s (15 s with fan-out): the reader hangs, is throttled, or waits because Pulsar does not confirm |
| before the first answer, its parents not finished included | the time since the instant up to which its row says that everything is stored; of a child that waits for its parents, up to which theirs say it. An upper bound: there may be no newer record at all. Where no row tells an instant (a table of the KCL), the time since this worker took the shard: a lower bound |
| of nobody: no worker holds it, or its owner gives no sign of life | the same upper bound by its row, from every worker that may take it; missing where the row tells no instant |
| held by another worker | nothing: that worker tells it |

So the lag of each shard, whoever tells it, and of a connector:

\`\`\`
max by (connector, stream, shard) (pulsar_io_kinesis_behind_latest_seconds)
max by (connector) (pulsar_io_kinesis_behind_latest_seconds)
\`\`\`

\`pulsar_io_kinesis_unowned_shards\` and \`pulsar_io_kinesis_longest_unowned_seconds\` are told by every worker of what it
could take: take their \`max\`, never their \`sum\`. A worker that starts sees a shard as unowned from then on. Where no
worker runs at all nobody tells anything: alert on the missing metric too.

## CloudWatch

\`cloudwatchMetricsLevel\` of a connector says how much is published: \`NONE\`; \`SUMMARY\`, the default, in which the
shards of a stream are one statistic set (minimum and maximum of \`MillisBehindLatest\` are those over all shards);
\`DETAILED\`, which has a set for every shard and the metrics marked so. CloudWatch charges for every combination of
name and dimensions. The namespace is \`cloudwatchNamespace\`; every \`cloudwatchInterval\` milliseconds one statistic
set a metric is sent. A metric without news is left out, and
so is everything of an instance whose connector is not open.

Names, operations, levels and dimensions are those of the Kinesis Client Library (KCL) where it has them, so that its
dashboards and alarms go on working; those of the sink are the Kinesis Producer Library's. \`Success\` is 1 or 0 an
attempt: its average is the share that succeeded, its sample count the attempts.

Publishing needs \`cloudwatch:PutMetricData\`. When it fails, records move on: there is one warning in the log, up to
10,000 statistic sets wait, the oldest are dropped beyond that, and a notice says when it works again. A statistic set
whose request was not answered is sent again and may count twice.

## Every metric

${Object.keys(OPERATIONS).map(section).join('\n')}
${onlyPrometheus()}`;
}
