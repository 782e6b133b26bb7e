import { isDeepStrictEqual } from 'node:util';
import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { NounDeps } from '../noun.js';
import type { Database } from '../../storage/database.js';
import { type Clock, parseTimestamp, toTimestamp } from '../clock.js';
import { mergeMetadata } from '../metadata.js';
import type { Page } from '../page.js';
import type { EnrollmentLinks } from './enrollment-link.js';
import type { UserProfileRow } from './profile-tables.js';
import { invalid, validate } from '../validate.js';
import {
  type ExternalUserDetails,
  type ProfileForm,
  type ProfileSettings,
  settingsOf,
  toProfile,
  type UserProfile,
} from './profile-form.js';
import { listProfiles, nameKeyOf, type ProfileCursor, type ProfileQuery } from './profile-list.js';
import { profileCreateSchemas, type ProfileUpdate, profileUpdateSchemas } from './profile-schema.js';

/** Records of whom a platform serves, as the platform states them. Nothing here acts on them. */
export interface UserProfiles {
  create(body: unknown, form: ProfileForm): Promise<UserProfile>;
  retrieve(id: string, form: ProfileForm): Promise<UserProfile>;
  /** What changes nothing leaves `updated_at` as it is. */
  update(id: string, body: unknown, form: ProfileForm): Promise<UserProfile>;
  list(query: ProfileQuery, form: ProfileForm): Promise<Page<UserProfile, ProfileCursor>>;
  delete(id: string): Promise<Anthropic.Beta.BetaDeletedUserProfile>;
  /** The end of a URL at which its end user can confirm an enrolment, for a day. */
  invite(id: string): Promise<Invitation>;
}

export interface Invitation {
  token: string;
  expires_at: string;
}

export interface UserProfilesDeps extends NounDeps {
  enrollmentLinks: EnrollmentLinks;
  now: Clock;
}

export function createUserProfiles({ db, clock, now, workspace, enrollmentLinks }: UserProfilesDeps): UserProfiles {
  return {
    async create(body, form) {
      const params = validate(profileCreateSchemas[form], body ?? {});
      const now = clock();
      const settings = applyUpdate(EMPTY, params, now);
      const row = { id: newId('uprof'), workspace, created_at: now, ...columnsOf(settings, now), enrolled_at: null };
      await db.insertInto('user_profiles').values(row).execute();
      return toProfile(row, form);
    },

    retrieve: async (id, form) => toProfile(await readRow(db, workspace, id), form),

    async update(id, body, form) {
      const update = validate(profileUpdateSchemas[form], body);
      const now = clock();
      const row = await db.transaction().execute((tx) => updateRow(tx, { id, workspace, update, now }));
      return toProfile(row, form);
    },

    async list(query, form) {
      if (query.enforcement_status && form !== 'current') {
        throw invalid('enforcement_status', `is not known under user-profiles-${form}`);
      }
      const { data, next } = await listProfiles(db, workspace, query);
      return { data: data.map((row) => toProfile(row, form)), next };
    },

    async delete(id) {
      await db.transaction().execute(async (tx) => {
        await readRow(tx, workspace, id);
        await tx.deleteFrom('user_profiles').where('id', '=', id).execute();
      });
      return { id, type: 'user_profile_deleted' };
    },

    async invite(id) {
      await readRow(db, workspace, id);
      const { token, expires_at } = enrollmentLinks.issue(id, now());
      return { token, expires_at: toTimestamp(expires_at) };
    },
  };
}

const EMPTY: ProfileSettings = {
  access_type: 'application',
  name: null,
  metadata: {},
  external_user_details: {
    account_status: null,
    country: null,
    email_hash: null,
    entity_type: null,
    name_hash: null,
    onboarded_at: null,
    reference_id: null,
  },
};

/** An account may seem to be opened a little later than now, by another machine's clock. */
const CLOCK_SKEW_MS = 60_000;

function applyUpdate(current: ProfileSettings, update: ProfileUpdate, now: number): ProfileSettings {
  return {
    access_type: update.access_type ?? current.access_type,
    name: update.name === undefined ? current.name : update.name,
    metadata: mergeMetadata(current.metadata, update.metadata, { emptyDeletes: true }),
    external_user_details: { ...current.external_user_details, ...detailsOf(update, now) },
  };
}

function detailsOf(update: ProfileUpdate, now: number): Partial<ExternalUserDetails> {
  const { external_user_details: details, external_id, external_user_onboarded_at } = update;
  checkPast('external_user_details.onboarded_at', details?.onboarded_at, now);
  checkPast('external_user_onboarded_at', external_user_onboarded_at, now);
  return {
    ...details,
    ...(external_id !== undefined && { reference_id: external_id }),
    ...(external_user_onboarded_at !== undefined && { onboarded_at: external_user_onboarded_at }),
  };
}

function checkPast(path: string, timestamp: string | undefined, now: number): void {
  if (timestamp === undefined) return;
  const ms = parseTimestamp(timestamp);
  if (ms === undefined || ms > now + CLOCK_SKEW_MS) throw invalid(path, 'must not be in the future');
}

function columnsOf(settings: ProfileSettings, now: number) {
  return { updated_at: now, name_key: nameKeyOf(settings.name), settings: JSON.stringify(settings) };
}

interface UpdateRequest {
  id: string;
  workspace: string;
  update: ProfileUpdate;
  now: number;
}

async function updateRow(tx: Database, { id, workspace, update, now }: UpdateRequest): Promise<UserProfileRow> {
  const row = await readRow(tx, workspace, id);
  const current = settingsOf(row);
  const settings = applyUpdate(current, update, now);
  if (isDeepStrictEqual(settings, current)) return row;
  const columns = columnsOf(settings, now);
  await tx.updateTable('user_profiles').set(columns).where('id', '=', id).execute();
  return { ...row, ...columns };
}

async function readRow(db: Database, workspace: string, id: string): Promise<UserProfileRow> {
  const row = await db
    .selectFrom('user_profiles')
    .selectAll()
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no user profile ${id}.`);
  return row;
}
