/** Everything that the worker carries out, by the name that it is started under. */
export { deliverWebhook } from './deliver-webhook.js';
export { deployment } from './deployment.js';
export { dream } from './dream.js';
export { session } from './session.js';
