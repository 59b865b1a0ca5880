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

const { METRICS, OPERATIONS } = load(new URL('../src/metrics/definitions.ts', import.meta.url));

const DIMENSIONS = {
  shard: 'ShardId',
  worker: 'WorkerIdentifier',
  stream: 'StreamName',
  streamId: 'StreamId',
};
const ONLY = { ShardId: ' (at DETAILED only)', StreamId: ' (of a source of several streams only)' };

const code = (text) => `\`${text}\``;

function row([name, { kind, unit, labels, help, cloudwatch }]) {
  const level = cloudwatch.level === 'DETAILED' ? 'DETAILED' : '';
  const cells = [code(cloudwatch.name), help, unit, kind, level, code(name), labels.map(code).join(', ')];
  return `| ${cells.join(' | ')} |`;
}

function section(operation) {
  const dimensions = ['Operation', ...OPERATIONS[operation].map((label) => DIMENSIONS[label])];
  const metrics = Object.entries(METRICS).filter(([, metric]) => metric.cloudwatch.operation === operation);
  return `### ${operation}

Dimensions: ${dimensions.map((name) => code(name) + (ONLY[name] ?? '')).join(', ')}.

| CloudWatch | meaning | unit | kind | only at | our name | labels |
|---|---|---|---|---|---|---|
${metrics.map(row).join('\n')}
`;
}

export function metricsPage() {
  return `# Metrics

Made from \`src/metrics/definitions.ts\` by \`node scripts/docs.mjs\`: mend the definitions, not this page.

## CloudWatch

\`cloudwatchMetricsLevel\` of a connector says how much is published: \`NONE\`; \`SUMMARY\`, the default, in which the
shards of a stream are one statistic set (minimum and maximum of \`MillisBehindLatest\` are those over all shards);
\`DETAILED\`, which has a set for every shard and the metrics marked so. CloudWatch charges for every combination of
name and dimensions. The namespace is \`cloudwatchNamespace\`; every \`cloudwatchInterval\` milliseconds one statistic
set a metric is sent. A metric without news is left out.

Names, operations, levels and dimensions are those of the Kinesis Client Library (KCL) where it has them, so that its
dashboards and alarms go on working; those of the sink are the Kinesis Producer Library's. \`Success\` is 1 or 0 an
attempt: its average is the share that succeeded, its sample count the attempts.

Publishing needs \`cloudwatch:PutMetricData\`. When it fails, records move on: there is one warning in the log, up to
10,000 statistic sets wait, the oldest are dropped beyond that, and a notice says when it works again. A statistic set
whose request was not answered is sent again and may count twice.

${Object.keys(OPERATIONS).map(section).join('\n')}`;
}
