import { webIdentityOf } from '../sts/web-identity';
import {
  type AccessRule,
  ANY,
  anyResource,
  contextOf,
  type Place,
  type ServiceAccess,
  textOf,
} from './access';

/** Source: Service Authorization Reference, Amazon CloudWatch. */
export const CLOUDWATCH_ACCESS: ServiceAccess = {
  prefix: 'cloudwatch',
  rules: {
    ListMetrics: anyResource,
    PutMetricData: (input) => [
      { resource: ANY, context: contextOf({ 'cloudwatch:namespace': textOf(input, 'Namespace') }) },
    ],
  },
};

/** GetCallerIdentity needs no permission. Source: Service Authorization Reference, AWS Security Token Service. */
export const STS_ACCESS: ServiceAccess = {
  prefix: 'sts',
  rules: {
    AssumeRole: (input) => [
      {
        resource: textOf(input, 'RoleArn') ?? ANY,
        context: contextOf({
          'sts:ExternalId': textOf(input, 'ExternalId'),
          'sts:RoleSessionName': textOf(input, 'RoleSessionName'),
        }),
      },
    ],
    AssumeRoleWithWebIdentity: (input) => {
      const { provider, subject, audience } = webIdentityOf(textOf(input, 'WebIdentityToken'));
      return [
        {
          resource: textOf(input, 'RoleArn') ?? ANY,
          context: contextOf({
            [`${provider}:sub`]: subject,
            [`${provider}:aud`]: audience,
            'sts:RoleSessionName': textOf(input, 'RoleSessionName'),
          }),
        },
      ];
    },
    GetCallerIdentity: () => [],
  },
};

/**
 * Source: Service Authorization Reference, AWS Secrets Manager.
 * @param arnOf ARN of a secret; undefined when there is none
 */
export function secretsManagerAccess(
  arnOf: (secretId: string, place: Place) => string | undefined,
): ServiceAccess {
  const created = (name: string | undefined, { region, account }: Place): string =>
    name === undefined ? ANY : `arn:aws:secretsmanager:${region}:${account}:secret:${name}`;
  const secret: AccessRule = (input, place) => {
    const id = textOf(input, 'SecretId');
    const unknown = id?.startsWith('arn:') ? id : created(id, place);
    return [
      {
        resource: (id === undefined ? undefined : arnOf(id, place)) ?? unknown,
        context: contextOf({
          'secretsmanager:SecretId': id,
          'secretsmanager:VersionId': textOf(input, 'VersionId'),
          'secretsmanager:VersionStage': textOf(input, 'VersionStage'),
        }),
      },
    ];
  };
  return {
    prefix: 'secretsmanager',
    rules: {
      CreateSecret: (input, place) => [{ resource: created(textOf(input, 'Name'), place) }],
      DescribeSecret: secret,
      GetSecretValue: secret,
      PutSecretValue: secret,
    },
  };
}
