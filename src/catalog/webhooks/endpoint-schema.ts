import { isIP } from 'node:net';
import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { isPublicAddress } from '../../net/public-address.js';
import { storedText } from '../stored-text.js';
import type { WebhookEventType } from './event-types.js';

type Create = Omit<Anthropic.Beta.Organization.WebhookCreateParams, 'betas'>;
type Update = Omit<Anthropic.Beta.Organization.WebhookUpdateParams, 'betas'>;
export type EndpointCreate = Omit<Create, 'enabled_events'> & { enabled_events: WebhookEventType[] };
export type EndpointUpdate = Omit<Update, 'enabled_events'> & { enabled_events?: WebhookEventType[] };

export interface EndpointRules {
  /** The types that may be asked for. */
  types: readonly WebhookEventType[];
  /** Also http, other ports than 443, and addresses that are not public. */
  allowPrivate: boolean;
}

export function endpointSchemas({ types, allowPrivate }: EndpointRules) {
  const enabled_events = z.array(z.enum(types));
  const url = z
    .string()
    .max(2_048, { abort: true })
    .refine(isUrl, { error: 'must be an http or https URL without user name and password', abort: true })
    .refine((value) => allowPrivate || isOpen(new URL(value)), 'must be an https URL on port 443 at a public address');
  const name = storedText(z.string().max(256)).exactOptional();
  const description = storedText(z.string().max(2_048)).exactOptional();
  return {
    create: z.strictObject({
      url,
      enabled_events: enabled_events.min(1),
      name,
      description,
    }) satisfies z.ZodType<EndpointCreate>,
    update: z.strictObject({
      url: url.exactOptional(),
      enabled_events: enabled_events.exactOptional(),
      name,
      description,
      state: z.enum(['enabled', 'disabled']).exactOptional(),
    }) satisfies z.ZodType<EndpointUpdate>,
  };
}

function isUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

/** What a name means is looked at when something is sent there. */
function isOpen(url: URL): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isLocal = /(^|\.)localhost\.?$/.test(host) || (isIP(host) !== 0 && !isPublicAddress(host));
  return url.protocol === 'https:' && url.port === '' && !isLocal;
}
