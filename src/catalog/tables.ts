import type { DreamTables } from './dreams/dream-tables.js';
import type { MemoryTables } from './memory/memory-tables.js';
import type { ResourceTables } from './resources/resource-tables.js';
import type { WebhookTables } from './webhooks/webhook-tables.js';

/** The catalog's tables, as Kysely sees them. Times are milliseconds since the epoch; JSON is text. */
export interface CatalogTables extends DreamTables, MemoryTables, ResourceTables, WebhookTables {
  agents: AgentRow;
  agent_versions: AgentVersionRow;
  environments: EnvironmentRow;
  user_profiles: UserProfileRow;
  tunnels: TunnelRow;
  tunnel_tokens: TunnelTokenRow;
  tunnel_certificates: TunnelCertificateRow;
  sessions: SessionRow;
  vaults: VaultRow;
  vault_credentials: VaultCredentialRow;
  files: FileRow;
  skills: SkillRow;
  skill_versions: SkillVersionRow;
  session_skills: SessionSkillRow;
  workspaces: WorkspaceRow;
  api_keys: ApiKeyRow;
  work_items: WorkItemRow;
  work_tokens: WorkTokenRow;
  work_pollers: WorkPollerRow;
  deployments: DeploymentRow;
  deployment_runs: DeploymentRunRow;
}

export interface AgentRow {
  id: string;
  workspace: string;
  /** The current version. */
  version: number;
  created_at: number;
  archived_at: number | null;
}

export interface AgentVersionRow {
  agent_id: string;
  version: number;
  workspace: string;
  created_at: number;
  /** JSON: an AgentConfig. */
  config: string;
}

export interface EnvironmentRow {
  id: string;
  workspace: string;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
  /** JSON: an EnvironmentSettings. */
  settings: string;
}

export interface UserProfileRow {
  id: string;
  workspace: string;
  created_at: number;
  updated_at: number;
  /** The name with its ASCII letters in lower case, for the list; null when there is none. */
  name_key: string | null;
  /** When its end user confirmed it at an enrolment URL. */
  enrolled_at: number | null;
  /** JSON: a ProfileSettings. */
  settings: string;
}

export interface TunnelRow {
  id: string;
  workspace: string;
  /** Of all the tunnels there ever were: a row is never deleted. */
  domain: string;
  display_name: string | null;
  /** The token that is valid now. */
  token_id: string;
  created_at: number;
  archived_at: number | null;
}

/** What is known of a token, past ones too. Its text is not. */
export interface TunnelTokenRow {
  id: string;
  workspace: string;
  tunnel_id: string;
  created_at: number;
  /** Why it took its predecessor's place, where that was said. */
  reason: string | null;
}

export interface TunnelCertificateRow {
  id: string;
  workspace: string;
  tunnel_id: string;
  pem: string;
  fingerprint: string;
  expires_at: number | null;
  created_at: number;
  archived_at: number | null;
}

/** A session as it was created. What changes while it lives is its state, a fold of its log. */
export interface SessionRow {
  id: string;
  workspace: string;
  /** The primary thread's public id. */
  thread_id: string;
  agent_id: string;
  agent_version: number;
  /** JSON: the SessionAgent snapshot. */
  agent: string;
  environment_id: string;
  /** 1 when its environment is: workers run its tools. */
  self_hosted: number;
  /** The deployment whose run made it. */
  deployment_id: string | null;
  /** JSON: an array of ids. */
  vault_ids: string;
  created_at: number;
  /** Null until its workflow has begun; such a row is invisible. */
  started_at: number | null;
  /** For the list's filter; the state says when. */
  archived_at: number | null;
  /** Set before the deletion begins; such a row is invisible. */
  deleted_at: number | null;
}

export interface VaultRow {
  id: string;
  workspace: string;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
  /** JSON: a VaultSettings. */
  settings: string;
}

export interface VaultCredentialRow {
  id: string;
  workspace: string;
  vault_id: string;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
  /** JSON: a CredentialSettings. */
  settings: string;
  /** What it is for, once among the active ones of a vault. Null once it is archived. */
  target: string | null;
  /** The vault key that the secret is sealed under. Null once it is archived. */
  key_id: string | null;
  /** JSON, sealed: a Secret. Null once it is archived. */
  secret: Uint8Array | null;
}

export interface FileRow {
  id: string;
  workspace: string;
  filename: string;
  mime_type: string;
  size_bytes: number;
  /** The hash of its bytes; null once it has expired and they are gone. */
  content: string | null;
  /** The session that made it or has it as a copy of its own; null for what was uploaded. */
  session_id: string | null;
  /** 1 for what a session has made, 0 for what was uploaded and its copies. */
  downloadable: number;
  created_at: number;
  expires_at: number | null;
}

export interface SkillRow {
  id: string;
  workspace: string;
  /** As its SKILL.md calls it; the same in all versions. */
  name: string;
  display_name: string;
  source: 'custom' | 'anthropic';
  latest_version_id: string;
  created_at: number;
  updated_at: number;
}

export interface SkillVersionRow {
  id: string;
  workspace: string;
  skill_id: string;
  description: string;
  /** The hash of its zip archive. */
  content: string;
  /** Of the archive. */
  size_bytes: number;
  created_at: number;
}

/** What a session has of a skill, which may have been deleted since. */
export interface SessionSkillRow {
  session_id: string;
  position: number;
  skill_id: string;
  version_id: string;
  /** Its directory's name: the skill's, and a number where another one is called the same. */
  directory: string;
  name: string;
  description: string;
  content: string;
}

export interface WorkspaceRow {
  id: string;
  name: string;
  created_at: number;
}

export interface ApiKeyRow {
  id: string;
  workspace: string;
  /** Of a key for the workers of an environment; null for a key of the API. */
  environment_id: string | null;
  name: string;
  /** Separated by spaces; none for an environment's key. */
  scopes: string;
  /** Of its text, which is not kept: sha-256, in hex. */
  hash: string;
  hint: string;
  created_at: number;
  revoked_at: number | null;
}

export interface DeploymentRow {
  id: string;
  workspace: string;
  agent_id: string;
  agent_version: number;
  /** JSON: a DeploymentSettings. */
  settings: string;
  /** The vault key that the tokens of its resources are sealed under; null when it has none. */
  key_id: string | null;
  /** JSON, sealed: those tokens, by the index of the resource. */
  secret: Uint8Array | null;
  /** JSON: expression and time zone; null when it is run by hand only. */
  schedule: string | null;
  /** JSON: null unless it is paused. */
  paused_reason: string | null;
  /** Rises whenever what its Schedule at Temporal has to say changes; 0 when it never had one. */
  schedule_revision: number;
  /** 1 until the Schedule is known to say it. */
  unsynced: number;
  last_run_at: number | null;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
}

export interface DeploymentRunRow {
  id: string;
  workspace: string;
  deployment_id: string;
  agent_id: string;
  agent_version: number;
  trigger_type: 'schedule' | 'manual';
  /** Once for each deployment; null when it was run by hand. */
  scheduled_at: number | null;
  /** While it is pending, the id that its session will have. */
  session_id: string | null;
  /** JSON: why there is no session. */
  error: string | null;
  /** 1 while its session is being made; such a row is invisible. */
  pending: number;
  created_at: number;
}

export interface WorkItemRow {
  id: string;
  workspace: string;
  environment_id: string;
  session_id: string;
  /** The session again while the item is not stopped, else null: one open item a session. */
  open_session: string | null;
  /** The event that it was queued for. */
  input: string;
  state: 'queued' | 'starting' | 'active' | 'stopping' | 'stopped';
  /** JSON: a Metadata. */
  metadata: string;
  ttl_seconds: number;
  /** The hash of the token of who claimed it last; null when that is over. */
  token: string | null;
  created_at: number;
  claimed_at: number | null;
  acknowledged_at: number | null;
  started_at: number | null;
  latest_heartbeat_at: number | null;
  /** Whoever has it in hand has it until then. */
  lease_until: number | null;
  stop_requested_at: number | null;
  stopped_at: number | null;
}

/** Every token that a claim was given, past ones too: who has lost an item can be told so. */
export interface WorkTokenRow {
  /** Of its text, which is not kept: sha-256, in hex. */
  hash: string;
  work_id: string;
}

export interface WorkPollerRow {
  environment_id: string;
  worker_id: string;
  workspace: string;
  polled_at: number;
}
