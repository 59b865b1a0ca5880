import { type ConnectorKind, LISTS } from './connector-kind';
import { joinPath } from './path';
import type { ProblemList } from './problems';
import { sensitiveOptions } from './secret-options';
import { sinkInputs } from './sink-inputs';
import { subscriptionName } from './sink-subscription';
import { didYouMean } from './suggestion';
import { isObject, type JsonObject, textAt } from './tree';
import type { ConfigNotice } from './types';

export function secretNotices(
  connector: JsonObject,
  kind: ConnectorKind,
  path: string,
  notices: ConfigNotice[],
): void {
  const sensitive = sensitiveOptions(kind);
  for (const name of Object.keys(isObject(connector.secrets) ? connector.secrets : {})) {
    if (!sensitive.includes(name)) {
      const hint = didYouMean(name, sensitive, `Sensitive options are ${sensitive.join(', ')}.`);
      notices.push({
        path: joinPath(joinPath(path, 'secrets'), name),
        message: `no sensitive option has this name. ${hint}`,
      });
    }
  }
}

/** Something that only one connector of a kind may have. */
interface Claim {
  readonly key: string;
  /** Field that gives it, below the connector. */
  readonly field: string;
  readonly expected: string;
}

/** Two connectors of one name; two sources of one lease table; two sinks of one subscription of one topic. */
export function twinProblems(root: JsonObject, problems: ProblemList): void {
  reportTwins(root, 'source', sourceClaims, problems);
  reportTwins(root, 'sink', sinkClaims, problems);
}

function reportTwins(
  root: JsonObject,
  kind: ConnectorKind,
  claimsOf: (connector: JsonObject) => readonly Claim[],
  problems: ProblemList,
): void {
  const list = LISTS[kind];
  const seen = new Map<string, number>();
  const connectors = Array.isArray(root[list]) ? root[list] : [];
  for (const [i, connector] of connectors.entries()) {
    for (const { key, field, expected } of isObject(connector) ? claimsOf(connector) : []) {
      const first = seen.get(key) ?? i;
      seen.set(key, first);
      if (first !== i) {
        const hint = `${list}[${first}] has it already.`;
        problems.add('CONFIG_CROSS_FIELD', `${list}[${i}].${field}`, {
          found: 'a value used twice',
          expected,
          hint,
        });
      }
    }
  }
}

function nameClaims({ tenant = 'public', namespace = 'default', name }: JsonObject): Claim[] {
  const key = `name ${tenant}/${namespace}/${name}`;
  return name === undefined ? [] : [{ key, field: 'name', expected: 'a name of its own' }];
}

function sourceClaims(source: JsonObject): Claim[] {
  const option = ['leaseTableName', 'applicationName'].find(
    (name) => textAt(source, 'configs', name) !== undefined,
  );
  const table = option === undefined ? undefined : textAt(source, 'configs', option);
  const expected = 'a lease table of its own';
  return [
    ...nameClaims(source),
    ...(table === undefined ? [] : [{ key: `table ${table}`, field: `configs.${option}`, expected }]),
  ];
}

/** Without a name of its own the subscription is named after the sink, whose name is claimed already. */
function sinkClaims(sink: JsonObject): Claim[] {
  const field = textAt(sink, 'sourceSubscriptionName') === undefined ? 'name' : 'sourceSubscriptionName';
  const expected = 'a subscription of its own on each input';
  const subscription = subscriptionName(sink);
  const inputs = sinkInputs(sink).map((input) => ({
    key: `${subscription} on ${input.fullName}`,
    field,
    expected,
  }));
  return [...nameClaims(sink), ...inputs];
}
