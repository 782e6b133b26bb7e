import type { SchemaModule } from 'kysely';

/** Deployments, their runs, and which sessions came of them. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema.alterTable('sessions').addColumn('deployment_id', 'text').execute();
  await schema
    .createIndex('sessions_by_deployment')
    .on('sessions')
    .columns(['deployment_id', 'created_at', 'id'])
    .execute();
  await createDeployments(schema);
  await createRuns(schema);
}

async function createDeployments(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('deployments')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('agent_id', 'text', (c) => c.notNull())
    .addColumn('agent_version', 'integer', (c) => c.notNull())
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('key_id', 'text')
    .addColumn('secret', 'blob')
    .addColumn('schedule', 'text')
    .addColumn('paused_reason', 'text')
    .addColumn('schedule_revision', 'integer', (c) => c.notNull())
    .addColumn('unsynced', 'integer', (c) => c.notNull())
    .addColumn('last_run_at', 'bigint')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('archived_at', 'bigint')
    .execute();
  for (const [name, columns] of Object.entries({
    deployments_by_age: ['workspace', 'created_at', 'id'],
    deployments_by_agent: ['agent_id', 'created_at', 'id'],
    deployments_unsynced: ['unsynced'],
  })) {
    await schema.createIndex(name).on('deployments').columns(columns).execute();
  }
}

async function createRuns(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('deployment_runs')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('deployment_id', 'text', (c) => c.notNull().references('deployments.id'))
    .addColumn('agent_id', 'text', (c) => c.notNull())
    .addColumn('agent_version', 'integer', (c) => c.notNull())
    .addColumn('trigger_type', 'text', (c) => c.notNull())
    .addColumn('scheduled_at', 'bigint')
    .addColumn('session_id', 'text')
    .addColumn('error', 'text')
    .addColumn('pending', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('deployment_runs_once', ['deployment_id', 'scheduled_at'])
    .execute();
  for (const [name, columns] of Object.entries({
    deployment_runs_by_age: ['workspace', 'created_at', 'id'],
    deployment_runs_by_deployment: ['deployment_id', 'created_at', 'id'],
    deployment_runs_pending: ['pending', 'session_id'],
  })) {
    await schema.createIndex(name).on('deployment_runs').columns(columns).execute();
  }
}
