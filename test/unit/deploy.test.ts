import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfigObject } from '../../src/config';

const ROOT = join(__dirname, '../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

const dockerfile = read('Dockerfile');
const [, uid, gid] = /^USER (\d+):(\d+)$/m.exec(dockerfile) ?? [];
const [, command] = /^CMD (.*)$/m.exec(dockerfile) ?? [];
const [, port] = /PULSAR_IO_KINESIS_HTTP_PORT=(\d+)/.exec(dockerfile) ?? [];

interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly securityContext: { readonly [name: string]: unknown };
  readonly volumeMounts: readonly { readonly mountPath: string; readonly readOnly: boolean }[];
}

const [configMap, pod] = parseAllDocuments(read('deploy/kubernetes/sidecar.yaml')).map((it) => it.toJS());
const sidecar = pod.spec.containers.find(({ name }: Container) => name === 'kinesis-connector') as Container;
const { connector } = parse(read('deploy/compose.yaml')).services;

const drainsWithin = (config: ReturnType<typeof loadConfigObject>, grace: number): void => {
  expect(config.shutdownTimeoutMs).toBeLessThan(grace * 1000);
};

describe('the examples of deploy/', () => {
  it.each([
    ['connectors.yaml', parse(read('deploy/connectors.yaml'))],
    ['the ConfigMap of the sidecar', parse(configMap.data['connectors.yaml'])],
  ])('%s is a valid configuration with both ways and no notice', (_name, raw) => {
    const config = loadConfigObject(raw, 'connectors.yaml', { env: {} });
    expect(config.sources).toHaveLength(1);
    expect(config.sinks).toHaveLength(1);
    expect(config.notices).toEqual([]);
  });

  it('the sidecar runs as the user of the image, without rights, on a read-only root', () => {
    expect(sidecar.securityContext).toMatchObject({
      runAsUser: Number(uid),
      runAsGroup: Number(gid),
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('the sidecar runs what the image runs, with the configuration mounted read-only where that looks', () => {
    expect(sidecar.args).toEqual(JSON.parse(command ?? ''));
    expect(sidecar.volumeMounts).toEqual([{ name: 'connectors', mountPath: '/config', readOnly: true }]);
    expect(sidecar.args.at(-1)).toBe('/config/connectors.yaml');
  });

  it('the probes reach the port that the configuration opens to the outside', () => {
    const { http } = loadConfigObject(parse(configMap.data['connectors.yaml']), 'connectors.yaml', {
      env: {},
    });
    expect(http).toMatchObject({ host: '0.0.0.0', port: Number(port) });
    expect(sidecar.ports).toEqual([{ name: 'health', containerPort: Number(port) }]);
  });

  it('a pod, and compose, wait longer for the end than draining may take', () => {
    const raw = parse(configMap.data['connectors.yaml']);
    drainsWithin(
      loadConfigObject(raw, 'connectors.yaml', { env: {} }),
      pod.spec.terminationGracePeriodSeconds,
    );
    drainsWithin(
      loadConfigObject(parse(read('deploy/connectors.yaml')), 'connectors.yaml', { env: {} }),
      Number.parseInt(connector.stop_grace_period, 10),
    );
  });

  it('compose mounts the configuration where the image looks, on a read-only root without rights', () => {
    expect(connector).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      volumes: ['./connectors.yaml:/config/connectors.yaml:ro'],
    });
  });
});
