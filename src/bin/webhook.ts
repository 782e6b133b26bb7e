import { z } from 'zod';
import { WORKSPACE_EVENTS } from '../catalog/webhooks/event-types.js';
import type { Flags } from '../config/config.js';
import type { Terminal } from './key.js';
import { findServer } from './running-server.js';

export interface WebhookFlags extends Flags {
  workspace?: string;
}

export interface WebhookCreateFlags extends WebhookFlags {
  /** Separated by commas; all when absent. */
  events?: string;
  name?: string;
  description?: string;
}

/** Makes an endpoint and prints its signing secret, which nobody can be shown again. */
export async function createWebhook(
  env: NodeJS.ProcessEnv,
  url: string,
  flags: WebhookCreateFlags,
  { print, note }: Terminal,
): Promise<void> {
  const { events, name, description } = flags;
  const answer = await findServer(env, flags).post(pathOf(flags), {
    url,
    enabled_events: events?.split(',').map((type) => type.trim()) ?? WORKSPACE_EVENTS,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
  });
  const made = webhookSchema.extend({ signing_secret: z.string() }).parse(answer);
  note(`${describeWebhook(made)}; its signing secret is not shown again:`);
  print(made.signing_secret);
}

/** Gives an endpoint another signing secret and prints it; the old one is good for nothing from then on. */
export async function renewSecret(
  env: NodeJS.ProcessEnv,
  id: string,
  flags: WebhookFlags,
  { print, note }: Terminal,
): Promise<void> {
  const answer = await findServer(env, flags).post(pathOf(flags, id, 'regenerate_signing_secret'), {});
  note(`${id} is signed for with another secret from now on; it is not shown again:`);
  print(z.object({ signing_secret: z.string() }).parse(answer).signing_secret);
}

/** A line for each endpoint of a workspace, newest first. */
export async function listWebhooks(env: NodeJS.ProcessEnv, flags: WebhookFlags, { print }: Terminal): Promise<void> {
  const query = { workspace_id: flags.workspace };
  for (const webhook of await findServer(env, flags).list('webhooks', webhookSchema, query)) {
    print(describeWebhook(webhook));
  }
}

/** One endpoint whole, as JSON. */
export async function showWebhook(
  env: NodeJS.ProcessEnv,
  id: string,
  flags: WebhookFlags,
  { print }: Terminal,
): Promise<void> {
  print(JSON.stringify(await findServer(env, flags).get(pathOf(flags, id)), null, 2));
}

/** `enabled`: it is told of what happens from now on. */
export async function switchWebhook(
  env: NodeJS.ProcessEnv,
  id: string,
  state: 'enabled' | 'disabled',
  flags: WebhookFlags,
  { print }: Terminal,
): Promise<void> {
  print(describeWebhook(webhookSchema.parse(await findServer(env, flags).post(pathOf(flags, id), { state }))));
}

export async function deleteWebhook(
  env: NodeJS.ProcessEnv,
  id: string,
  flags: WebhookFlags,
  { print }: Terminal,
): Promise<void> {
  await findServer(env, flags).delete(pathOf(flags, id));
  print(`${id} is deleted`);
}

const webhookSchema = z.object({
  id: z.string(),
  url: z.string(),
  name: z.string(),
  state: z.string(),
  disabled_reason: z.string(),
  enabled_events: z.array(z.string()),
});

function describeWebhook(webhook: z.infer<typeof webhookSchema>): string {
  const { id, state, url, enabled_events, name, disabled_reason } = webhook;
  const rest = [name, disabled_reason].filter((text) => text !== '').map((text) => `  ${text}`);
  return `${id}  ${state}  ${enabled_events.length} types  ${url}${rest.join('')}`;
}

function pathOf({ workspace }: WebhookFlags, id?: string, action?: string): string {
  const path = ['webhooks', id, action]
    .flatMap((part) => (part === undefined ? [] : encodeURIComponent(part)))
    .join('/');
  return workspace === undefined ? path : `${path}?workspace_id=${encodeURIComponent(workspace)}`;
}
