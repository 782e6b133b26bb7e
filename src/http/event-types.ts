import type Anthropic from '@anthropic-ai/sdk';

type EventType = Anthropic.Beta.Sessions.BetaManagedAgentsSessionEventType;

/** The 41 values of the `types[]` filter. `session.deleted` is an event but not one of them. */
const FILTER: Record<EventType, true> = {
  'user.message': true,
  'user.interrupt': true,
  'user.tool_confirmation': true,
  'user.custom_tool_result': true,
  'user.tool_result': true,
  'user.define_outcome': true,
  'system.message': true,
  'agent.message': true,
  'agent.thinking': true,
  'agent.tool_use': true,
  'agent.tool_result': true,
  'agent.mcp_tool_use': true,
  'agent.mcp_tool_result': true,
  'agent.custom_tool_use': true,
  'agent.thread_context_compacted': true,
  'agent.thread_message_received': true,
  'agent.thread_message_sent': true,
  'session.error': true,
  'session.status_rescheduled': true,
  'session.status_running': true,
  'session.status_idle': true,
  'session.status_terminated': true,
  'session.thread_created': true,
  'session.thread_status_running': true,
  'session.thread_status_idle': true,
  'session.thread_status_rescheduled': true,
  'session.thread_status_terminated': true,
  'session.updated': true,
  'session.usage': true,
  'span.model_request_start': true,
  'span.model_request_end': true,
  'span.outcome_evaluation_start': true,
  'span.outcome_evaluation_ongoing': true,
  'span.outcome_evaluation_end': true,
  'workflow_run.created': true,
  'workflow_run.status_running': true,
  'workflow_run.status_idle': true,
  'workflow_run.status_ended': true,
  'workflow_run.error': true,
  'workflow_run.phase_started': true,
  'workflow_run.phase_ended': true,
};

/** A record names each type once, and the compiler says when the SDK has a new one. */
export const EVENT_TYPES = Object.keys(FILTER) as EventType[];
