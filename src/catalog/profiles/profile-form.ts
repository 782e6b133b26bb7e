import type Anthropic from '@anthropic-ai/sdk';
import { toTimestamp } from '../clock.js';
import type { UserProfileRow } from './profile-tables.js';
import { unreachable } from '../unreachable.js';

export type UserProfile = Anthropic.UserProfile | Anthropic.Beta.BetaUserProfile;
export type ExternalUserDetails = Anthropic.UserProfileExternalUserDetails;

/** What can be set of a profile. */
export interface ProfileSettings {
  access_type: Anthropic.UserProfileAccessType;
  name: string | null;
  metadata: Record<string, string>;
  external_user_details: ExternalUserDetails;
}

/**
 * How a request writes and reads profiles (endpoints §11): as it is today, or as a beta header asks for. Those of March
 * and August know `external_id`, and the latter `external_user_onboarded_at`, in place of `external_user_details`.
 */
export type ProfileForm = 'current' | '2026-09-04' | '2026-08-18' | '2026-03-24';

/** Of several beta headers the newest counts: the SDK adds one of its own to those that a caller names. */
export function profileFormOf(betas: readonly string[]): ProfileForm {
  return BETAS.find((date) => betas.includes(`user-profiles-${date}`)) ?? 'current';
}

const BETAS = ['2026-09-04', '2026-08-18', '2026-03-24'] as const;

/**
 * A profile as the form has it. The one grant there is says that its end user has enrolled; nobody here approves anything
 * else, and nobody limits anyone.
 */
export function toProfile(row: UserProfileRow, form: ProfileForm): UserProfile {
  const { access_type, name, metadata, external_user_details } = settingsOf(row);
  const common = {
    type: 'user_profile' as const,
    id: row.id,
    name,
    metadata,
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
  };
  const trust_grants = row.enrolled_at === null ? {} : ENROLLED;
  const { reference_id: external_id, onboarded_at: external_user_onboarded_at } = external_user_details;
  switch (form) {
    case 'current':
      return {
        ...common,
        access_type,
        external_user_details,
        programs: { cyber: null, efs: null },
        enforcement_actions: [],
        enforcement_status: EVERYONES_STATUS,
      };
    case '2026-09-04':
      return { ...common, trust_grants, access_type, external_user_details };
    case '2026-08-18':
      return { ...common, trust_grants, access_type, external_id, external_user_onboarded_at };
    case '2026-03-24':
      return { ...common, trust_grants, external_id };
    default:
      return unreachable(form);
  }
}

const ENROLLED = { enrollment: { status: 'active' as const } };

/** Nobody here takes enforcement actions. */
export const EVERYONES_STATUS = 'unrestricted';

export function settingsOf(row: UserProfileRow): ProfileSettings {
  // Written by profiles.ts and by nothing else.
  return JSON.parse(row.settings) as ProfileSettings;
}
