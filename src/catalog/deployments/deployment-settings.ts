import type { Secrets } from '../../vault/secrets.js';
import type { ResourceParams } from '../resources/resource-schema.js';
import type { DeploymentRow } from './deployment-tables.js';
import type { DeploymentCreate } from './deployment-schema.js';

type Repository = Extract<ResourceParams, { type: 'github_repository' }>;
type Given = Required<Omit<DeploymentCreate, 'agent' | 'schedule' | 'description' | 'budget'>>;

/** What is set of a deployment, beside its agent and its schedule. */
export interface GivenSettings extends Given {
  description: string | null;
  budget: NonNullable<DeploymentCreate['budget']> | null;
}

/** The same as it is shown: without tokens. */
export interface DeploymentSettings extends Omit<GivenSettings, 'resources'> {
  resources: (Exclude<ResourceParams, Repository> | Omit<Repository, 'authorization_token'>)[];
}

type SettingsColumns = Pick<DeploymentRow, 'settings' | 'key_id' | 'secret'>;

/** The columns that hold the settings: what may be shown in the clear, tokens sealed. */
export function toColumns(secrets: Secrets, id: string, { resources, ...others }: GivenSettings): SettingsColumns {
  const shown: DeploymentSettings = { ...others, resources: resources.map(withoutToken) };
  const settings = JSON.stringify(shown);
  const tokens = resources.map((resource) => ('authorization_token' in resource ? resource.authorization_token : null));
  if (tokens.every((token) => token === null)) return { settings, key_id: null, secret: null };
  return { settings, ...secrets.seal(id, JSON.stringify(tokens)) };
}

export function settingsOf({ settings }: Pick<DeploymentRow, 'settings'>): DeploymentSettings {
  // Written above and by nothing else.
  return JSON.parse(settings) as DeploymentSettings;
}

/** The settings with their tokens. */
export function givenOf(secrets: Secrets, { id, key_id, secret, settings }: DeploymentRow): GivenSettings {
  const shown = settingsOf({ settings });
  if (key_id === null || secret === null) return shown;
  // Sealed above, and the seal shows that it is the same.
  const tokens = JSON.parse(secrets.open(id, { key_id, secret })) as (string | null)[];
  const resources = shown.resources.map((resource, index): ResourceParams => {
    const token = tokens[index] ?? null;
    return token === null || resource.type !== 'github_repository'
      ? resource
      : { ...resource, authorization_token: token };
  });
  return { ...shown, resources };
}

function withoutToken(resource: ResourceParams): DeploymentSettings['resources'][number] {
  if (resource.type !== 'github_repository') return resource;
  const { authorization_token: _, ...shown } = resource;
  return shown;
}
