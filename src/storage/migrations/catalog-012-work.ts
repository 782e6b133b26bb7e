import type { SchemaModule } from 'kysely';

/** Sessions in self-hosted environments, and the work that is queued for their workers. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema
    .alterTable('sessions')
    .addColumn('self_hosted', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await schema
    .createTable('work_items')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('environment_id', 'text', (c) => c.notNull())
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('open_session', 'text', (c) => c.unique())
    .addColumn('input', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('metadata', 'text', (c) => c.notNull())
    .addColumn('ttl_seconds', 'integer', (c) => c.notNull())
    .addColumn('token', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('claimed_at', 'bigint')
    .addColumn('acknowledged_at', 'bigint')
    .addColumn('started_at', 'bigint')
    .addColumn('latest_heartbeat_at', 'bigint')
    .addColumn('lease_until', 'bigint')
    .addColumn('stop_requested_at', 'bigint')
    .addColumn('stopped_at', 'bigint')
    .execute();
  await schema
    .createTable('work_tokens')
    .addColumn('hash', 'text', (c) => c.primaryKey())
    .addColumn('work_id', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('work_pollers')
    .addColumn('environment_id', 'text', (c) => c.notNull())
    .addColumn('worker_id', 'text', (c) => c.notNull())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('polled_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('work_pollers_key', ['environment_id', 'worker_id'])
    .execute();
  for (const [name, columns] of Object.entries({
    work_items_by_age: ['environment_id', 'created_at', 'id'],
    work_items_by_state: ['environment_id', 'state', 'created_at', 'id'],
    work_items_by_lease: ['environment_id', 'lease_until'],
    work_items_by_session: ['session_id', 'created_at', 'id'],
  })) {
    await schema.createIndex(name).on('work_items').columns(columns).execute();
  }
  await schema.createIndex('work_tokens_by_item').on('work_tokens').column('work_id').execute();
}
