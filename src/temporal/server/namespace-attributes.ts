/** What sessions can be found by in Temporal; all of type Keyword. */
export const SEARCH_ATTRIBUTES = ['SessionStatus', 'AgentId', 'EnvironmentId', 'Workspace'] as const;
