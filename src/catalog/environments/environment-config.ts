import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import { invalid } from '../validate.js';

export type EnvironmentConfig = Anthropic.Beta.Environments.BetaEnvironment['config'];
type ConfigParams = NonNullable<Anthropic.Beta.Environments.EnvironmentCreateParams['config']>;
type Cloud = Anthropic.Beta.Environments.BetaCloudConfig;
type CloudParams = Anthropic.Beta.Environments.BetaCloudConfigParams;
type Packages = Anthropic.Beta.Environments.BetaPackages;

/** What an environment has when nothing is said: the cloud, an open network, no packages. */
const DEFAULT_CONFIG: Cloud = {
  type: 'cloud',
  networking: { type: 'unrestricted' },
  packages: { type: 'packages', apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] },
};

/** The configuration of a new environment. */
export function createConfig(params: ConfigParams | null | undefined): EnvironmentConfig {
  if (params?.type === 'self_hosted') return params;
  return mergeCloud(DEFAULT_CONFIG, params ?? { type: 'cloud' });
}

/** The stored configuration with an update merged in; what is omitted or null keeps its value, the type never changes. */
export function mergeConfig(stored: EnvironmentConfig, params: ConfigParams | null | undefined): EnvironmentConfig {
  if (params == null) return stored;
  if (params.type === 'cloud' && stored.type === 'cloud') return mergeCloud(stored, params);
  if (params.type === stored.type) return stored;
  throw new ApiError(
    'invalid_request_error',
    `config.type: this environment is "${stored.type}", which cannot change to "${params.type}"`,
    { code: 'invalid_config_type_change' },
  );
}

function mergeCloud(stored: Cloud, params: CloudParams): Cloud {
  const merged: Cloud = {
    type: 'cloud',
    networking: mergeNetworking(stored.networking, params.networking),
    packages: mergePackages(stored.packages, params.packages),
  };
  const { networking, packages } = merged;
  if (
    networking.type === 'limited' &&
    !networking.allow_package_managers &&
    MANAGERS.some((m) => packages[m].length > 0)
  ) {
    throw invalid('config.packages', 'needs networking.allow_package_managers to be true when networking is "limited"');
  }
  return merged;
}

function mergeNetworking(stored: Cloud['networking'], params: CloudParams['networking']): Cloud['networking'] {
  if (params == null) return stored;
  if (params.type === 'unrestricted') return params;
  const base = stored.type === 'limited' ? stored : undefined;
  return {
    type: 'limited',
    allow_mcp_servers: params.allow_mcp_servers ?? base?.allow_mcp_servers ?? false,
    allow_package_managers: params.allow_package_managers ?? base?.allow_package_managers ?? false,
    allowed_hosts: params.allowed_hosts ?? base?.allowed_hosts ?? [],
  };
}

const MANAGERS = ['apt', 'cargo', 'gem', 'go', 'npm', 'pip'] as const;

function mergePackages(stored: Packages, params: CloudParams['packages']): Packages {
  return {
    type: 'packages',
    apt: params?.apt ?? stored.apt,
    cargo: params?.cargo ?? stored.cargo,
    gem: params?.gem ?? stored.gem,
    go: params?.go ?? stored.go,
    npm: params?.npm ?? stored.npm,
    pip: params?.pip ?? stored.pip,
  };
}
