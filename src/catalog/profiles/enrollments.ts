import type { Database } from '../../storage/database.js';
import { type Clock, createRisingClock } from '../clock.js';
import type { UserProfileRow } from './profile-tables.js';
import { createEnrollmentLinks } from './enrollment-link.js';
import { settingsOf } from './profile-form.js';

/** What the holder of an enrolment URL sees. */
export interface Enrollment {
  /** The profile's name, if it has one. */
  name: string | null;
  isConfirmed: boolean;
}

/** The end user's side of enrolling: no key is needed, the URL is what gives the right. Undefined where it gives none. */
export interface Enrollments {
  look(token: string): Promise<Enrollment | undefined>;
  /** From then on the profile's trust grant `enrollment` is active. Idempotent. */
  confirm(token: string): Promise<Enrollment | undefined>;
}

export interface EnrollmentsDeps {
  db: Database;
  /** What the URLs were signed with. */
  key: string;
  now?: Clock;
}

export function createEnrollments({ db, key, now = Date.now }: EnrollmentsDeps): Enrollments {
  const links = createEnrollmentLinks(key);
  const clock = createRisingClock(now);
  const find = async (token: string): Promise<UserProfileRow | undefined> => {
    const id = links.read(token, now());
    if (id === undefined) return undefined;
    return db.selectFrom('user_profiles').selectAll().where('id', '=', id).executeTakeFirst();
  };
  const look = async (token: string) => toEnrollment(await find(token));
  return {
    look,
    async confirm(token) {
      const row = await find(token);
      const at = clock();
      await db
        .updateTable('user_profiles')
        .set({ enrolled_at: at, updated_at: at })
        .where('id', '=', row?.id ?? '')
        .where('enrolled_at', 'is', null)
        .execute();
      return look(token);
    },
  };
}

function toEnrollment(row: UserProfileRow | undefined): Enrollment | undefined {
  return row && { name: settingsOf(row).name, isConfirmed: row.enrolled_at !== null };
}
