import { type CredentialClients, credentialClients } from '../contract/credentials/clients';
import { SECRETS_SCENARIOS } from '../contract/credentials/secrets-scenarios';
import { STS_SCENARIOS } from '../contract/credentials/sts-scenarios';
import { type MotoServer, startMoto } from '../support/moto-server';

jest.setTimeout(120_000);

let moto: MotoServer;
let clients: CredentialClients;
let count = 0;

beforeAll(async () => {
  moto = await startMoto();
  clients = credentialClients(moto.endpoint);
});

afterAll(async () => {
  clients.sts.destroy();
  clients.secrets.destroy();
  await moto.stop();
});

describe.each([
  ['STS', STS_SCENARIOS],
  ['Secrets Manager', SECRETS_SCENARIOS],
])('%s of moto', (_name, scenarios) => {
  it.each(scenarios)('$title', async ({ run, aws, moto: instead = aws }) => {
    expect(await run(clients, `secret-${++count}`)).toEqual(instead);
  });
});
