import type { SchemaModule } from 'kysely';

/** Sessions whose creation or deletion has not ended are few, and looked for every minute. */
export async function up(schema: SchemaModule): Promise<void> {
  const index = (name: string) => schema.createIndex(name).on('sessions');
  await index('sessions_being_created').column('started_at').where('started_at', 'is', null).execute();
  await index('sessions_being_deleted').column('deleted_at').where('deleted_at', 'is not', null).execute();
}
