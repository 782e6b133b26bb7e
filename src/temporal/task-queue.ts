/** Where sessions' workflow tasks and activities are handed out. */
export const TASK_QUEUE = 'drover';
