import type { AccessTables } from './access/access-tables.js';
import type { AgentTables } from './agents/agent-tables.js';
import type { DeploymentTables } from './deployments/deployment-tables.js';
import type { DreamTables } from './dreams/dream-tables.js';
import type { EnvironmentTables } from './environments/environment-tables.js';
import type { FileTables } from './files/file-tables.js';
import type { MemoryTables } from './memory/memory-tables.js';
import type { ProfileTables } from './profiles/profile-tables.js';
import type { ResourceTables } from './resources/resource-tables.js';
import type { SessionTables } from './sessions/session-tables.js';
import type { SkillTables } from './skills/skill-tables.js';
import type { TunnelTables } from './tunnels/tunnel-tables.js';
import type { VaultTables } from './vaults/vault-tables.js';
import type { WebhookTables } from './webhooks/webhook-tables.js';
import type { WorkTables } from './work/work-tables.js';

/** The catalog's tables, as Kysely sees them. Times are milliseconds since the epoch; JSON is text. */
export interface CatalogTables
  extends
    AccessTables,
    AgentTables,
    DeploymentTables,
    DreamTables,
    EnvironmentTables,
    FileTables,
    MemoryTables,
    ProfileTables,
    ResourceTables,
    SessionTables,
    SkillTables,
    TunnelTables,
    VaultTables,
    WebhookTables,
    WorkTables {}
