/** A server has one. */
export const ORGANIZATION = 'org_default';

/** The workspace of everything on a server that has only one. */
export const DEFAULT_WORKSPACE = 'wrkspc_default';
