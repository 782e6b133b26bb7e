import { z } from 'zod';

/** A host name, an IPv4 address, or `*.` and a host name: no scheme, port or path, no IPv6. */
export const hostSchema = z
  .string()
  // A text of megabytes would be too much for the expression.
  .max(255, { abort: true })
  .regex(
    /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i,
    'must be a host name or *.host, without scheme, port and path',
  );
