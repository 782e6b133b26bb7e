import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Enrollment, Enrollments } from '../catalog/profiles/enrollments.js';
import { paramsOf } from './routing.js';

const PATH = '/drover/enroll/';

/** A browser sends a form without fields. Who needs no key may not fill the memory, either. */
const MAX_BODY_BYTES = 1024;

/** Where an enrolment is confirmed, at the address that the request for the URL came to. */
export function enrollmentUrl(token: string, headers: FastifyRequest['headers']): string {
  // Behind several proxies it is a list, and the first is who the client spoke to.
  const isSecure = /^\s*https\s*(,|$)/i.test(String(headers['x-forwarded-proto']));
  return `${isSecure ? 'https' : 'http'}://${headers.host ?? 'localhost'}${PATH}${token}`;
}

/** The page for the end user. It needs no key: whoever holds the URL may open it until it expires. */
export function addEnrollmentPage(app: FastifyInstance, enrollments: Enrollments): void {
  const url = `${PATH}:token`;
  const config = { open: true } as const;
  app.get(url, { config }, async (request, reply) => show(reply, await enrollments.look(tokenOf(request))));
  app.post(url, { config, bodyLimit: MAX_BODY_BYTES }, async (request, reply) =>
    show(reply, await enrollments.confirm(tokenOf(request))),
  );
}

function tokenOf(request: FastifyRequest): string {
  return paramsOf(request)['token'] ?? '';
}

function show(reply: FastifyReply, enrollment: Enrollment | undefined): FastifyReply {
  for (const [name, value] of Object.entries(HEADERS)) reply.header(name, value);
  return reply
    .status(enrollment ? 200 : 404)
    .type('text/html; charset=utf-8')
    .send(`<!doctype html><html lang="en"><title>Enrolment</title><main>${contentOf(enrollment)}</main></html>`);
}

/** The URL is a secret: it is not to be kept, framed, or told to others as where one came from. */
const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
};

function contentOf(enrollment: Enrollment | undefined): string {
  if (!enrollment) return '<h1>This link is not valid</h1><p>It has expired, or it never was.</p>';
  const who = enrollment.name === null ? '' : ` as ${escapeHtml(enrollment.name)}`;
  if (enrollment.isConfirmed) return `<h1>Enrolled</h1><p>You are enrolled${who}. You can close this page.</p>`;
  return `<h1>Enrol</h1><p>You have been asked to enrol${who}.</p><form method="post"><button>Enrol</button></form>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
