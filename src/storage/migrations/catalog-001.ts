import type { SchemaModule } from 'kysely';

/** Agents with their versions, environments, sessions. */
export async function up(schema: SchemaModule): Promise<void> {
  await createAgents(schema);
  await createEnvironments(schema);
  await createSessions(schema);
}

async function createAgents(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('agents')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('archived_at', 'bigint')
    .execute();
  await schema.createIndex('agents_by_age').on('agents').columns(['workspace', 'created_at', 'id']).execute();
  await schema
    .createTable('agent_versions')
    .addColumn('agent_id', 'text', (c) => c.notNull().references('agents.id'))
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('config', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('agent_versions_pk', ['agent_id', 'version'])
    .execute();
}

async function createEnvironments(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('environments')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('archived_at', 'bigint')
    .addColumn('settings', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createIndex('environments_by_age')
    .on('environments')
    .columns(['workspace', 'created_at', 'id'])
    .execute();
}

async function createSessions(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('sessions')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('thread_id', 'text', (c) => c.notNull().unique())
    .addColumn('agent_id', 'text', (c) => c.notNull())
    .addColumn('agent_version', 'integer', (c) => c.notNull())
    .addColumn('agent', 'text', (c) => c.notNull())
    .addColumn('environment_id', 'text', (c) => c.notNull())
    .addColumn('vault_ids', 'text', (c) => c.notNull())
    .addColumn('resources', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('archived_at', 'bigint')
    .addColumn('deleted_at', 'bigint')
    .execute();
  for (const [name, columns] of Object.entries({
    sessions_by_age: ['workspace', 'created_at', 'id'],
    sessions_by_agent: ['agent_id', 'created_at', 'id'],
    sessions_by_environment: ['environment_id'],
  })) {
    await schema.createIndex(name).on('sessions').columns(columns).execute();
  }
}
