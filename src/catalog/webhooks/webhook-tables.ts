/** The tables of webhooks. */
export interface WebhookTables {
  webhook_endpoints: WebhookEndpointRow;
  webhook_outbox: WebhookOutboxRow;
  webhook_cursors: WebhookCursorRow;
}

export interface WebhookEndpointRow {
  id: string;
  /** Null: the organization's. */
  workspace: string | null;
  url: string;
  name: string;
  description: string;
  /** JSON: an EnabledEvents. */
  enabled_events: string;
  state: 'enabled' | 'disabled';
  disabled_reason: string;
  /** Events in a row that could not be delivered. */
  failures: number;
  /** When the first of them was given up. */
  failing_since: number | null;
  /** The vault key that the signing secret is sealed under. */
  key_id: string;
  /** The signing secret, sealed. */
  secret: Uint8Array;
  created_at: number;
  updated_at: number;
}

/** What Temporal has not taken over yet. */
export interface WebhookOutboxRow {
  event_id: string;
  endpoint_id: string;
  /** Where it happened. */
  workspace: string;
  created_at: number;
  /** The event as it is sent. */
  body: string;
}

/** How far the log of a session has been announced. */
export interface WebhookCursorRow {
  session_id: string;
  seq: number;
}
