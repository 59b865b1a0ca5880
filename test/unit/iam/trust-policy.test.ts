import { roleTrust, runnerTrust } from '../../../src/iam/trust-policy';

const PROVIDER = 'arn:aws:iam::111111111111:oidc-provider/oidc.example.com/id/X';

test('a role is trusted to one principal, which gives the external id', () => {
  const principal = 'arn:aws:iam::111111111111:role/connectors';
  expect(roleTrust([{ principal, externalId: 'ours' }]).Statement).toEqual([
    {
      Effect: 'Allow',
      Principal: { AWS: principal },
      Action: ['sts:AssumeRole'],
      Condition: { StringEquals: { 'sts:ExternalId': 'ours' } },
    },
  ]);
});

test('a web identity is trusted by issuer, audience and subject', () => {
  const subject = 'system:serviceaccount:pulsar:connectors';
  expect(runnerTrust({ type: 'web-identity', providerArn: PROVIDER, subject }).Statement).toEqual([
    {
      Effect: 'Allow',
      Principal: { Federated: PROVIDER },
      Action: ['sts:AssumeRoleWithWebIdentity'],
      Condition: {
        StringEquals: {
          'oidc.example.com/id/X:aud': 'sts.amazonaws.com',
          'oidc.example.com/id/X:sub': subject,
        },
      },
    },
  ]);
});

test('a service is trusted for one account where it says which', () => {
  const [statement] = runnerTrust({ type: 'service', service: 'eks', account: '111111111111' }).Statement;
  expect(statement).toMatchObject({
    Principal: { Service: 'pods.eks.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
    Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
  });
});
