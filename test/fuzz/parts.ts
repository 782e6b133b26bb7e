import type Anthropic from '@anthropic-ai/sdk';

type ProfileUpdate = Anthropic.UserProfileUpdateParams;
type EnvironmentCreate = Anthropic.Beta.Environments.EnvironmentCreateParams;

// What bodies of good requests are made of.

export const TEXT = { type: 'text' as const, text: 'hi' };
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYPj/HwADAgH/p5O5WAAAAABJRU5ErkJggg==';
export const IMAGE = {
  type: 'image' as const,
  source: { type: 'base64' as const, media_type: 'image/png' as const, data: PIXEL },
};
export const DOCUMENT = {
  type: 'document' as const,
  source: { type: 'text' as const, media_type: 'text/plain' as const, data: 'x' },
  title: 't',
};
export const RESULT = {
  type: 'search_result' as const,
  source: 's',
  title: 't',
  content: [TEXT],
  citations: { enabled: true },
};
export const OUTCOME = {
  type: 'user.define_outcome' as const,
  description: 'd',
  rubric: { type: 'text' as const, content: 'r' },
  max_iterations: 1,
};
export const REPOSITORY = { type: 'github_repository' as const, url: 'https://github.com/o/r' };
export const BUDGET = { type: 'limit' as const, max_list_cost: { amount: '2500', currency: 'USD' as const } };
export const CUSTOM = {
  type: 'custom' as const,
  name: 'ask_boss',
  description: 'd',
  input_schema: { type: 'object' as const, properties: { a: { type: 'string' } }, required: ['a'] },
};
export const TOOLSET = {
  type: 'agent_toolset_20260401' as const,
  default_config: { enabled: true, permission_policy: { type: 'always_ask' as const } },
  configs: [
    { name: 'bash' as const, enabled: true, permission_policy: { type: 'auto' as const } },
    {
      name: 'web_fetch' as const,
      enabled: false,
      allowed_domains: ['example.com'],
      url_sources: { user_input: 'all' as const },
    },
  ],
};

export function fromFile(file_id: string) {
  return { type: 'document' as const, source: { type: 'file' as const, file_id } };
}

export function environmentCreate(): EnvironmentCreate {
  return {
    name: 'e',
    config: {
      type: 'cloud',
      networking: { type: 'limited', allowed_hosts: ['example.com', '*.example.org'], allow_package_managers: true },
      packages: { type: 'packages', pip: ['numpy==2.0'], npm: [] },
    },
    metadata: { a: 'b' },
    scope: 'organization',
  };
}

export function profileUpdate(): ProfileUpdate {
  return {
    access_type: 'passthrough',
    name: 'n',
    metadata: { a: 'b' },
    external_user_details: {
      account_status: 'active',
      country: 'CH',
      email_hash: 'e',
      entity_type: 'business',
      onboarded_at: '2026-01-31T12:00:00+01:00',
      reference_id: 'r',
    },
  };
}
