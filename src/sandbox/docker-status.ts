/** The HTTP status with which a Docker engine refused; undefined when nothing was answered. */
export const statusOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
