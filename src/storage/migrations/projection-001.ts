import type { SchemaModule } from 'kysely';

/**
 * The three tables of src/session/tables.ts. Their indexes are unique constraints that end in the primary key:
 * SQLite and Postgres do not agree on how an index of another schema is written.
 */
export async function up(schema: SchemaModule): Promise<void> {
  const projection = schema.withSchema('projection');
  await projection
    .createTable('threads')
    .addColumn('thread', 'text', (c) => c.primaryKey())
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('token', 'blob')
    .addColumn('last_event_id', 'bigint', (c) => c.notNull())
    .addColumn('decoder', 'text', (c) => c.notNull())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .execute();
  await projection
    .createTable('log')
    .addColumn('thread', 'text', (c) => c.notNull())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('event_id', 'text')
    .addColumn('type', 'text')
    .addColumn('position', 'bigint')
    .addColumn('processed_at', 'bigint')
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('log_pk', ['thread', 'seq'])
    .addUniqueConstraint('log_event', ['thread', 'event_id'])
    .addUniqueConstraint('log_position', ['thread', 'position', 'seq'])
    .execute();
  await projection
    .createTable('session_states')
    .addColumn('session_id', 'text', (c) => c.primaryKey())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('session_states_status', ['status', 'session_id'])
    .execute();
}
