import { isNativeError } from 'node:util/types';
import { APIConnectionError } from '@anthropic-ai/sdk';
import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import { type AuthClient, GoogleAuth, OAuth2Client } from 'google-auth-library';

export interface VertexClientOptions {
  region: string;
  project: string;
  /** Without it Google's application default credentials are used. */
  accessToken?: string | undefined;
  baseURL?: string | undefined;
}

/** The client for Vertex, told everything but what Google's chain of credentials finds. */
export async function createVertexClient(options: VertexClientOptions): Promise<AnthropicVertex> {
  const { region, project, accessToken, baseURL } = options;
  return new AnthropicVertex({
    region,
    projectId: project,
    // Left to itself the package looks for credentials in its constructor, where a failure has no catcher.
    authClient: accessToken === undefined ? await findCredentials() : withToken(accessToken),
    // Stated, so that no variable of the environment has a say; null is the region's own.
    baseURL: baseURL ?? null,
    defaultHeaders: { authorization: null },
    maxRetries: 0,
    logLevel: 'off',
    openTelemetry: false,
  });
}

function withToken(access_token: string): AuthClient {
  const client = new OAuth2Client();
  client.setCredentials({ access_token });
  return client;
}

async function findCredentials(): Promise<AuthClient> {
  try {
    return await new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' }).getClient();
  } catch (error) {
    const reason = isNativeError(error) ? error.message : String(error);
    throw new APIConnectionError({ message: `Google's credentials: ${reason}` });
  }
}
