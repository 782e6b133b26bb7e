import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { parseTimestamp, toTimestamp } from '../clock.js';
import { filledMetadataSchema, metadataTextPatchSchema } from '../metadata.js';
import { storedText } from '../stored-text.js';
import type { ProfileForm } from './profile-form.js';

type OfHeader = 'betas' | 'workspace_id';
export type ProfileCreate = Omit<Anthropic.Beta.UserProfileCreateParams, OfHeader>;
export type ProfileUpdate = Omit<Anthropic.Beta.UserProfileUpdateParams, OfHeader>;

const text = storedText(z.string().min(1).max(255));
const nullableText = text.nullable().exactOptional();
const accessType = z.enum(['application', 'passthrough']);
const accountStatus = z.enum(['active', 'suspended', 'blocked']);
const entityType = z.enum(['individual', 'business', 'non_profit', 'government']);
const country = z.string().regex(/^[A-Z]{2}$/, 'must be two upper-case letters, like US');
/** In UTC, as responses have it. That it is not in the future is seen when it is stored. */
const onboardedAt = z
  .string()
  .max(64, { abort: true })
  .transform((value, context) => {
    const ms = parseTimestamp(value);
    if (ms !== undefined) return toTimestamp(ms);
    context.addIssue({ code: 'custom', message: 'must be a complete timestamp like 2026-01-31T12:00:00Z' });
    return z.NEVER;
  });

const newDetails = z.strictObject({
  account_status: accountStatus.nullable().exactOptional(),
  country: country.nullable().exactOptional(),
  email_hash: nullableText,
  entity_type: entityType.nullable().exactOptional(),
  name_hash: nullableText,
  onboarded_at: onboardedAt.exactOptional(),
  reference_id: nullableText,
});

/** What is set can be replaced, not cleared. */
const changedDetails = z.strictObject({
  account_status: accountStatus.exactOptional(),
  country: country.exactOptional(),
  email_hash: text.exactOptional(),
  entity_type: entityType.exactOptional(),
  name_hash: text.exactOptional(),
  onboarded_at: onboardedAt.exactOptional(),
  reference_id: text.exactOptional(),
});

/** A field of another form: better named than called unknown. */
function refused(error: string) {
  return z.never({ error }).exactOptional();
}

/** The details' place in each form. */
function byForm<Shape extends z.ZodRawShape, Details extends z.ZodType>(shape: Shape, details: Details) {
  const withDetails = z.strictObject({
    ...shape,
    external_user_details: details.exactOptional(),
    external_id: refused('is of user-profiles-2026-08-18; send external_user_details.reference_id'),
    external_user_onboarded_at: refused('is of user-profiles-2026-08-18; send external_user_details.onboarded_at'),
  });
  return {
    current: withDetails,
    '2026-09-04': withDetails,
    '2026-08-18': z.strictObject({
      ...shape,
      external_id: nullableText,
      external_user_onboarded_at: onboardedAt.exactOptional(),
      external_user_details: refused('is not known under user-profiles-2026-08-18; send external_id'),
    }),
    '2026-03-24': z.strictObject({
      ...shape,
      external_id: nullableText,
      external_user_onboarded_at: refused('is not known under user-profiles-2026-03-24'),
      external_user_details: refused('is not known under user-profiles-2026-03-24; send external_id'),
    }),
  };
}

/** Bodies of a new profile, by the form they are written in. */
export const profileCreateSchemas: Record<ProfileForm, z.ZodType<ProfileCreate>> = byForm(
  { access_type: accessType.exactOptional(), name: nullableText, metadata: filledMetadataSchema.exactOptional() },
  newDetails,
);

/** Bodies that change one. */
export const profileUpdateSchemas: Record<ProfileForm, z.ZodType<ProfileUpdate>> = byForm(
  {
    access_type: accessType.nullable().exactOptional(),
    name: nullableText,
    metadata: metadataTextPatchSchema.exactOptional(),
  },
  changedDetails,
);
