/** Where sessions' workflow tasks and activities are handed out. */
export const TASK_QUEUE = 'drover';

/** The same of webhooks. */
export const WEBHOOK_QUEUE = 'drover-webhooks';
