import { credentialPlace } from './credentials';
import { withDefaults } from './normalise';
import { meansSeveralStreams, selectorsOf, streamOf } from './stream-name';
import { get, isObject, type JsonObject, textAt } from './tree';
import type { StreamRole, StreamSelection } from './types';

/** The streams of a source. @param complete valid, with every default */
export function streamSelection(complete: JsonObject): StreamSelection {
  return meansSeveralStreams(complete.awsKinesisStreamName)
    ? { several: true, selectors: selectorsOf(complete) }
    : { several: false, stream: streamOf(complete) ?? { name: String(complete.awsKinesisStreamName) } };
}

/** Roles for the streams of other accounts, by account id. @param complete valid, with every default */
export function streamRoles(complete: JsonObject): { readonly [account: string]: StreamRole } {
  const { streamRoles: given } = complete;
  const roles = Object.entries(isObject(given) ? given : {});
  return Object.fromEntries(
    roles.map(([account, role]) => [account, roleOf(typeof role === 'string' ? { roleArn: role } : role)]),
  );
}

/** What is not given is as for any role that is assumed. */
function roleOf(given: unknown): StreamRole {
  const own = isObject(given) ? given : {};
  const role = withDefaults({ type: 'assumeRole', ...own }, credentialPlace());
  const externalId = textAt(role, 'externalId');
  return {
    roleArn: String(get(role, 'roleArn')),
    roleSessionName: String(get(role, 'roleSessionName')),
    durationSeconds: Number(get(role, 'durationSeconds')),
    ...(externalId === undefined ? {} : { externalId }),
  };
}
