import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { profileFormOf } from '../catalog/profiles/profile-form.js';
import type { ProfileQuery } from '../catalog/profiles/profile-list.js';
import type { UserProfiles } from '../catalog/profiles/user-profiles.js';
import { validate } from '../catalog/validate.js';
import { enrollmentUrl } from './enrollment-page.js';
import type { Handlers } from './handler.js';
import { createCursor, readPage, toPageCursor } from './page.js';
import type { Query } from './query.js';

const LIMITS = { default: 20, max: 100 };
const ORDERS = ['asc', 'desc'] as const;
const STATUSES = ['unrestricted', 'pending', 'restricted', 'banned'] as const;
const ORDER_BY = ['created_at', 'name'] as const;

const order = z.enum(ORDERS);
const cursor = createCursor(
  'user_profiles',
  z.discriminatedUnion('order_by', [
    z.strictObject({ order_by: z.literal('created_at'), order, created_at: z.int(), id: z.string() }),
    z.strictObject({ order_by: z.literal('name'), order, name: z.string().nullable(), id: z.string() }),
  ]),
);

const actionUrlSchema = z.strictObject({
  action: z.strictObject({ type: z.literal('enroll_end_user') }),
}) satisfies z.ZodType<Pick<Anthropic.Beta.UserProfiles.ActionURLCreateParams, 'action'>>;

/** Endpoints §11. */
export function userProfileHandlers(profiles: UserProfiles): Handlers {
  return {
    'userProfiles.create': ({ body, betas }) => profiles.create(body, profileFormOf(betas)),
    'userProfiles.retrieve': ({ param, betas }) => profiles.retrieve(param('user_profile_id'), profileFormOf(betas)),
    'userProfiles.update': ({ param, body, betas }) =>
      profiles.update(param('user_profile_id'), body, profileFormOf(betas)),
    'userProfiles.list': async ({ query, betas }) => {
      const page = await profiles.list(readProfileQuery(query), profileFormOf(betas));
      return toPageCursor(page, cursor);
    },
    'userProfiles.delete': ({ param }) => profiles.delete(param('user_profile_id')),
    'userProfiles.createEnrollmentURL': async ({ param, incoming }) => {
      const { token, expires_at } = await profiles.invite(param('user_profile_id'));
      return { type: 'enrollment_url', url: enrollmentUrl(token, incoming.headers), expires_at };
    },
    'userProfiles.actionURLs.create': async ({ param, body, incoming }) => {
      validate(actionUrlSchema, body);
      const { token, expires_at } = await profiles.invite(param('user_profile_id'));
      return { type: 'user_profile_action_url', url: enrollmentUrl(token, incoming.headers), expires_at };
    },
  };
}

function readProfileQuery(query: Query): ProfileQuery {
  const enforcement_status = query.list('enforcement_status', STATUSES);
  return {
    ...readPage(query, cursor, LIMITS),
    order: query.oneOf('order', ORDERS) ?? 'desc',
    order_by: query.oneOf('order_by', ORDER_BY) ?? 'created_at',
    ...(enforcement_status && { enforcement_status }),
  };
}
