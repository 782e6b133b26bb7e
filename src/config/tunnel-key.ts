import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from './config.js';
import { readOrWriteOnce } from './write-once.js';

/** What the tokens of tunnels are made from, kept in the data directory, made at first start. Without it they all change. */
export function loadTunnelKey({ dataDir }: Pick<Config, 'dataDir'>): string {
  return readOrWriteOnce(join(dataDir, 'tunnel-key'), () => randomBytes(32).toString('base64url'));
}
