import type { BackendConfig, ModelsConfig } from '../config/models-file.js';
import { createAnthropicModel } from './anthropic.js';
import { createBedrockModel } from './bedrock.js';
import type { Model } from './model.js';
import { createOpenAIModel } from './openai.js';
import { createScriptedModel } from './scripted.js';
import { createVertexModel } from './vertex.js';

/** Where the Messages API is, unless a backend says otherwise. */
export const ANTHROPIC_URL = 'https://api.anthropic.com';

/** The source of replies that a backend of the configuration describes. */
export function createBackend(backend: BackendConfig, secrets: ModelsConfig['secrets']): Model {
  const secret = (name: string | undefined): string | undefined => (name === undefined ? undefined : secrets[name]);
  switch (backend.type) {
    case 'anthropic': {
      const { base_url: baseURL = ANTHROPIC_URL, api_key_env } = backend;
      return createAnthropicModel({ baseURL, apiKey: secret(api_key_env) ?? '', stallMs: stallMs(backend) });
    }
    case 'bedrock': {
      const { region, base_url: baseURL, api_key_env, access_key_id_env, secret_access_key_env } = backend;
      const [id, secretKey] = [secret(access_key_id_env), secret(secret_access_key_env)];
      const sessionToken = secret(backend.session_token_env);
      const keys = id !== undefined && secretKey !== undefined ? { id, secret: secretKey, sessionToken } : undefined;
      return createBedrockModel({ region, baseURL, keys, apiKey: secret(api_key_env), stallMs: stallMs(backend) });
    }
    case 'vertex': {
      const { region, project, base_url: baseURL, access_token_env } = backend;
      const accessToken = secret(access_token_env);
      return createVertexModel({ region, project, baseURL, accessToken, stallMs: stallMs(backend) });
    }
    case 'openai': {
      const { base_url: baseURL, api_key_env, max_tokens_field: maxTokensField } = backend;
      return createOpenAIModel({ baseURL, apiKey: secret(api_key_env), maxTokensField, stallMs: stallMs(backend) });
    }
    case 'scripted':
      return createScriptedModel();
    default:
      throw new Error(`no such backend: ${JSON.stringify(backend satisfies never)}`);
  }
}

function stallMs({ stall_seconds }: { stall_seconds?: number }): number | undefined {
  return stall_seconds === undefined ? undefined : stall_seconds * 1000;
}
