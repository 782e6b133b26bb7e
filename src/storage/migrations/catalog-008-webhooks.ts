import type { SchemaModule } from 'kysely';

/** Webhook endpoints, what is to be sent to them, and how far sessions have been announced. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('webhook_endpoints')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text')
    .addColumn('url', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('enabled_events', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('disabled_reason', 'text', (c) => c.notNull())
    .addColumn('failures', 'integer', (c) => c.notNull())
    .addColumn('failing_since', 'bigint')
    .addColumn('key_id', 'text', (c) => c.notNull())
    .addColumn('secret', 'blob', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute();
  for (const [name, columns] of Object.entries({
    webhook_endpoints_by_age: ['workspace', 'created_at', 'id'],
    webhook_endpoints_by_key: ['key_id', 'id'],
  })) {
    await schema.createIndex(name).on('webhook_endpoints').columns(columns).execute();
  }
  await schema
    .createTable('webhook_outbox')
    .addColumn('event_id', 'text', (c) => c.notNull())
    .addColumn('endpoint_id', 'text', (c) => c.notNull().references('webhook_endpoints.id'))
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('webhook_outbox_pk', ['event_id', 'endpoint_id'])
    .execute();
  await schema.createIndex('webhook_outbox_by_age').on('webhook_outbox').columns(['created_at', 'event_id']).execute();
  await schema
    .createTable('webhook_cursors')
    .addColumn('session_id', 'text', (c) => c.primaryKey().references('sessions.id').onDelete('cascade'))
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .execute();
}
