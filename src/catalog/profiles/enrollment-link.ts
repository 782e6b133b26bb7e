import { createHmac, timingSafeEqual } from 'node:crypto';

/** Ends of the URLs that a profile's end user confirms an enrolment at. Nothing of them is stored. */
export interface EnrollmentLinks {
  issue(profileId: string, now: number): { token: string; expires_at: number };
  /** Whose it is; undefined when it is not one of ours, or no longer good. */
  read(token: string, now: number): string | undefined;
}

const GOOD_FOR_MS = 24 * 60 * 60 * 1_000;

/** They are signed with the server's key, so that one cannot be made up from a profile's id. */
export function createEnrollmentLinks(key: string): EnrollmentLinks {
  const sign = (text: string) => createHmac('sha256', key).update(`enrollment ${text}`).digest();
  return {
    issue(profileId, now) {
      const expires_at = now + GOOD_FOR_MS;
      const text = `${profileId}.${expires_at}`;
      return { token: `${text}.${sign(text).toString('base64url')}`, expires_at };
    },

    read(token, now) {
      const [, text = '', profileId, expires_at, signature = ''] = FORM.exec(token) ?? [];
      const [sent, ours] = [Buffer.from(signature, 'base64url'), sign(text)];
      if (sent.length !== ours.length || !timingSafeEqual(sent, ours)) return undefined;
      return Number(expires_at) > now ? profileId : undefined;
    },
  };
}

const FORM = /^((uprof_\w{1,100})\.(\d{1,15}))\.([\w-]{43})$/;
