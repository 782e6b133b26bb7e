import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';

export interface BedrockClientOptions {
  region: string;
  /** A Bedrock API key, or a pair of AWS's; with neither, AWS's own chain of credentials is asked. */
  apiKey?: string | undefined;
  keys?: { id: string; secret: string; sessionToken?: string | undefined } | undefined;
  baseURL?: string | undefined;
}

/** The client for Bedrock, told everything but what AWS's chain of credentials finds. */
export function createBedrockClient({ region, apiKey, keys, baseURL }: BedrockClientOptions): AnthropicBedrock {
  const options = {
    awsRegion: region,
    // Stated even where it is the default, so that no variable of the environment has a say.
    baseURL: baseURL ?? `https://bedrock-runtime.${region}.amazonaws.com`,
    apiKey: apiKey ?? null,
    defaultHeaders: { authorization: apiKey === undefined ? null : `Bearer ${apiKey}` },
    maxRetries: 0,
    logLevel: 'off',
    openTelemetry: false,
  } as const;
  if (!keys) return new AnthropicBedrock(options);
  const { id, secret, sessionToken = null } = keys;
  return new AnthropicBedrock({ ...options, awsAccessKey: id, awsSecretKey: secret, awsSessionToken: sessionToken });
}
