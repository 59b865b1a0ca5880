import { type Emulator, startEmulator } from '../../../src/emulator';
import { type CredentialClients, credentialClients } from './clients';
import { SECRETS_SCENARIOS } from './secrets-scenarios';
import { STS_SCENARIOS } from './sts-scenarios';

let emulator: Emulator;
let clients: CredentialClients;
let count = 0;

beforeAll(async () => {
  emulator = await startEmulator();
  clients = credentialClients(emulator.kinesisEndpoint);
});

afterAll(async () => {
  clients.sts.destroy();
  clients.secrets.destroy();
  await emulator.close();
});

describe.each([
  ['STS', STS_SCENARIOS],
  ['Secrets Manager', SECRETS_SCENARIOS],
])('%s of the emulator', (_name, scenarios) => {
  it.each(scenarios)('$title', async ({ run, aws }) => {
    expect(await run(clients, `secret-${++count}`)).toEqual(aws);
  });
});
