import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { type LoadedConfig, loadConfigObject } from '../../../src/config';
import { anchorsOf, page, rowsOf, section } from '../../support/markdown';

const MIB = 1024 * 1024;
/** What a process takes beside the bounds of its instances; docs/running.md, Resources. */
const PROCESS_BYTES = 150 * MIB;
/** What the places put there: a token in a file, secrets in the environment. */
const SECRETS = mkdtempSync(join(tmpdir(), 'secrets-'));
const ENV = {
  PULSAR_TOKEN: 'made-up',
  CREDENTIALS_DIRECTORY: SECRETS,
  PULSAR_IO_KINESIS_HTTP_TOKEN: 'made-up-token',
};
writeFileSync(join(SECRETS, 'pulsar-token'), 'made-up');

afterAll(() => rmSync(SECRETS, { recursive: true }));

const read = (name: string): string => readFileSync(`deploy/${name}`, 'utf8');
const load = (text: string): LoadedConfig =>
  loadConfigObject(parse(text.replaceAll('/run/secrets/connectors', SECRETS)), 'connectors.yaml', {
    env: ENV,
  });

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources: { readonly limits: { readonly memory: string; readonly cpu?: string } };
  readonly volumeMounts: readonly { readonly mountPath: string }[];
}

const manifests = parseAllDocuments(read('kubernetes/deployment.yaml')).map((it) => it.toJS());
const ofKind = (kind: string) => manifests.find((it) => it.kind === kind);
const configMap = ofKind('ConfigMap').data['connectors.yaml'] as string;
const pod = ofKind('Deployment').spec.template;
const container = pod.spec.containers[0] as Container;
const monitor = parse(read('kubernetes/pod-monitor.yaml'));

const sidecarPod = parseAllDocuments(read('kubernetes/sidecar.yaml')).map((it) => it.toJS())[1];
const compose = parse(read('compose.yaml')).services.connector;

const task = JSON.parse(read('ecs/task-definition.json')).containerDefinitions[0];

/** `Key=value` lines of a unit; a key may come twice. */
const unit = new Map<string, string[]>();
for (const [, key = '', value = ''] of read('systemd/pulsar-io-kinesis@.service').matchAll(
  /^(\w+)=(.*)$/gm,
)) {
  unit.set(key, [...(unit.get(key) ?? []), value]);
}

const configs = {
  'the Deployment': load(configMap),
  'the task of ECS': load(read('ecs/connectors.yaml')),
  'the unit of systemd': load(read('systemd/orders.yaml')),
};

/** Most bytes that the instances of a configuration hold. */
function boundOf({ sources, sinks }: LoadedConfig): number {
  const number = (options: object, name: string): number =>
    Number((options as { [key: string]: unknown })[name]);
  const ofSources = sources.map(
    ({ configs: it, parallelism }) => parallelism * (number(it, 'receiveQueueBytes') || 64 * MIB),
  );
  const ofSinks = sinks.map(
    ({ configs: it, parallelism }) => parallelism * ((number(it, 'maxPendingBytes') || 64 * MIB) + 32 * MIB),
  );
  return [...ofSources, ...ofSinks].reduce((sum, bytes) => sum + bytes, 0);
}

test.each(Object.entries(configs))('the configuration of %s is valid, without a notice', (_place, config) => {
  expect(config.sources).toHaveLength(1);
  expect(config.notices).toEqual([]);
});

test('each place waits longer for the end than draining may take, as the page says', () => {
  const [, ...rows] = rowsOf(section(page('docs/running.md'), '## Stopping'));
  const told = Object.fromEntries(
    rows.map(([place = '', , seconds, drain]) => [place, [Number(seconds), Number(drain)]]),
  );
  expect(told).toMatchObject({
    Kubernetes: [pod.spec.terminationGracePeriodSeconds, configs['the Deployment'].shutdownTimeoutMs],
    ECS: [task.stopTimeout, configs['the task of ECS'].shutdownTimeoutMs],
    systemd: [Number(unit.get('TimeoutStopSec')?.[0]), configs['the unit of systemd'].shutdownTimeoutMs],
    'Kubernetes, sidecar': [sidecarPod.spec.terminationGracePeriodSeconds, 25_000],
    compose: [Number.parseInt(compose.stop_grace_period, 10), 25_000],
  });
  const short = Object.entries(told).filter(([, [seconds = 0, drain = 0]]) => seconds * 1000 < drain + 5000);
  expect(short).toEqual([]);
});

test('probes of the Deployment reach the port that is opened, and Prometheus scrapes it with the token', () => {
  const { http } = configs['the Deployment'];
  const [port] = container.ports;
  expect(http).toMatchObject({ host: '0.0.0.0', port: port?.containerPort });
  const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
  expect(probes.map(({ httpGet }) => httpGet)).toEqual(
    ['/live', '/live', '/ready'].map((path) => ({ path, port: port?.name })),
  );
  expect(container.env.map(({ name }) => name)).toContain('PULSAR_IO_KINESIS_HTTP_TOKEN');
  const [endpoint] = monitor.spec.podMetricsEndpoints;
  expect([endpoint.port, endpoint.authorization.credentials.key]).toEqual([port?.name, 'http-token']);
});

test('selectors of the Deployment, its budget, its spread and the monitor mean its pods', () => {
  const { labels } = pod.metadata;
  const selectors = [ofKind('Deployment'), ofKind('PodDisruptionBudget'), monitor].map(
    (it) => it.spec.selector.matchLabels,
  );
  expect([...selectors, pod.spec.topologySpreadConstraints[0].labelSelector.matchLabels]).toEqual(
    Array(4).fill(labels),
  );
  expect(pod.spec.serviceAccountName).toBe(ofKind('ServiceAccount').metadata.name);
});

test('what a file says is mounted where the configuration looks for it', () => {
  const paths = container.volumeMounts.map(({ mountPath }) => mountPath);
  const named = [container.args.at(-1) ?? '', ...configMap.matchAll(/tokenFile: (\S+)/g)].map(String);
  expect(named.filter((path) => !paths.some((mount) => path.includes(`${mount}/`)))).toEqual([]);
  expect(paths).toEqual(['/config', '/run/secrets/connectors']);
});

test('limits of memory leave room for what the instances may hold, and no CPU is limited', () => {
  const limits = [
    [configs['the Deployment'], Number.parseInt(container.resources.limits.memory, 10)],
    [configs['the task of ECS'], Number(JSON.parse(read('ecs/task-definition.json')).memory)],
    [configs['the unit of systemd'], Number.parseInt(unit.get('MemoryMax')?.[0] ?? '', 10)],
  ] as const;
  expect(limits.filter(([config, mib]) => boundOf(config) + PROCESS_BYTES > mib * MIB)).toEqual([]);
  expect(container.resources.limits.cpu).toBeUndefined();
});

test('the task of ECS runs as the image does, asks the port of its configuration, and hands in each secret', () => {
  const [, user] = /^USER (\S+)$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
  const { http } = configs['the task of ECS'];
  expect(task).toMatchObject({
    user,
    readonlyRootFilesystem: true,
    linuxParameters: { initProcessEnabled: true },
  });
  expect(task.healthCheck.command.at(-1)).toContain(`http://${http?.host}:${http?.port}/live`);
  const wanted = [...read('ecs/connectors.yaml').matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => name);
  expect(task.secrets.map(({ name }: { name: string }) => name)).toEqual(wanted);
  expect(read('ecs/Dockerfile')).toContain(`COPY connectors.yaml ${task.command.at(-1)}`);
});

test('each place gives the process a home, for the AWS SDK looks there', () => {
  expect(readFileSync('Dockerfile', 'utf8')).toMatch(/^ENV .*\bHOME=\/tmp\b/m);
  expect(unit.get('DynamicUser')).toEqual(['yes']);
  expect(unit.get('Environment')?.[0]).toMatch(/\bHOME=\/tmp\b/);
});

test('the page has each place build and push the very images that its files run', () => {
  const text = page('docs/running.md');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const base = `registry.example.com/pulsar-io-kinesis:${version}`;
  const images = [container, ...sidecarPod.spec.containers].map(({ image }) => image);
  expect(images.filter((image) => image.includes('pulsar-io-kinesis'))).toEqual([base, base]);
  expect(read('ecs/Dockerfile')).toContain(`FROM ${base}\n`);
  expect(text).toContain(`docker build -t ${base} . && docker push ${base}\n`);
  expect(text).toContain(
    `image=${task.image}\ndocker build -t "$image" deploy/ecs && docker push "$image"\n`,
  );
  expect(text).toContain(`--log-group-name ${task.logConfiguration.options['awslogs-group']}\n`);
});

test('the unit of systemd runs what is there, and is not started again after what only a person can mend', () => {
  const [start = ''] = unit.get('ExecStart') ?? [];
  const [, program, config] = /^\/usr\/bin\/node \S+\/(dist\/cli\/main\.js) run -c (\S+)$/.exec(start) ?? [];
  expect([program, config]).toEqual([
    JSON.parse(readFileSync('package.json', 'utf8')).bin['pulsar-io-kinesis'],
    '/etc/pulsar-io-kinesis/%i.yaml',
  ]);
  // Without it `http.host: 0.0.0.0` ends the process: Node cannot list the machine's addresses.
  expect(unit.get('RestrictAddressFamilies')?.[0]).toContain('AF_NETLINK');
  expect(unit.get('RestartPreventExitStatus')).toEqual(['2 3']);
  const [credential = ''] = unit.get('LoadCredential') ?? [];
  expect(page('docs/running.md')).toContain('sudo install -m 600 pulsar-token /etc/pulsar-io-kinesis/\n');
  expect(read('systemd/orders.yaml')).toContain(`\${env:CREDENTIALS_DIRECTORY}/${credential.split(':')[0]}`);
});

test('alert rules lead to places of the troubleshooting page', () => {
  const anchors = anchorsOf(page('docs/troubleshooting.md'));
  const named = [...read('prometheus/alerts.yaml').matchAll(/troubleshooting\.md#([\w-]+)/g)];
  expect(named.map(([, id = '']) => id).filter((id) => !anchors.has(id))).toEqual([]);
  expect(named.length).toBeGreaterThan(3);
});
