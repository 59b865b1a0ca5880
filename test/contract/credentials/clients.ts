import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { STSClient } from '@aws-sdk/client-sts';

/** Clients of AWS for the two services that credentials and secrets come from. */
export interface CredentialClients {
  readonly sts: STSClient;
  readonly secrets: SecretsManagerClient;
}

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const ANYBODY: Keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'any' };

export function credentialClients(endpoint: string, credentials = ANYBODY): CredentialClients {
  const config = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  return { sts: new STSClient(config), secrets: new SecretsManagerClient(config) };
}

/** What a call came to: its output without metadata, or name, message and status of its error. */
export async function outcome(call: Promise<object>): Promise<object> {
  try {
    const { $metadata, ...output } = (await call) as { $metadata?: unknown };
    return output;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { error: name, message, status: $metadata?.httpStatusCode };
  }
}
