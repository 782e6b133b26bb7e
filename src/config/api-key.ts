import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from './config.js';
import { readOrWriteOnce } from './write-once.js';

export interface ApiKey {
  value: string;
  /** Where a person finds it: a file, or undefined when it was given in the environment. */
  file: string | undefined;
}

/** The key clients must send: the configured one, else the one kept in the data directory, made at first start. */
export function loadApiKey(config: Pick<Config, 'apiKey' | 'dataDir'>): ApiKey {
  if (config.apiKey !== undefined) return { value: config.apiKey, file: undefined };
  const file = join(config.dataDir, 'api-key');
  return { value: readOrWriteOnce(file, () => `sk-drover-${randomBytes(24).toString('base64url')}`), file };
}
