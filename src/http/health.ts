/** What `GET /health` answers, without a key: nothing that a stranger should not know. */
export interface Health {
  status: 'ok' | 'degraded';
  version: string;
  /** Parts of the server, each `ok` or what is wrong with it in a word or two. */
  parts?: Record<string, string>;
}

export const HEALTH_PATH = '/health';
