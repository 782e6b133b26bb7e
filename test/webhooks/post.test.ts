import { createOutbound } from '../../src/net/outbound.js';
import { createPost } from '../../src/webhooks/post.js';
import { newSigningSecret } from '../../src/webhooks/sign.js';
import { startReceiver, unwrap, type WebhookReceiver } from '../support/webhook-receiver.js';

let receiver: WebhookReceiver;
beforeEach(async () => (receiver = await startReceiver()));
afterEach(() => receiver.stop());

const NEVER = new AbortController().signal;
const delivery = { endpoint_id: 'whep_1', event_id: 'whe_1', body: '{"type":"event",\n "name":"Zoë ☂"}' };
const post = createPost(createOutbound({ allowPrivate: true }));

test('the SDK takes the signature of the very bytes, and of no others', async () => {
  const secret = newSigningSecret();
  expect(await post({ url: `${receiver.url}/a`, secret }, delivery, NEVER)).toEqual({ type: 'accepted', status: 204 });
  const [sent] = receiver.received;
  if (!sent) throw new Error('nothing came');
  expect(sent.body).toBe(delivery.body);
  expect(sent.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'whe_1' });
  expect(Math.abs(Number(sent.headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(5);
  expect(unwrap(sent, secret)).toEqual(JSON.parse(delivery.body));
  expect(() => unwrap(sent, newSigningSecret())).toThrow('signature');
  expect(() => unwrap({ ...sent, headers: { ...sent.headers, 'webhook-id': 'whe_2' } }, secret)).toThrow('signature');
});

test.each([
  [200, { type: 'accepted', status: 200 }],
  [299, { type: 'accepted', status: 299 }],
  [301, { type: 'redirected', status: 301 }],
  [304, { type: 'redirected', status: 304 }],
  [400, { type: 'failed', why: 'answered with 400' }],
  [503, { type: 'failed', why: 'answered with 503' }],
])('an answer of %i', async (status, posted) => {
  receiver.answer('/a', status);
  expect(await post({ url: `${receiver.url}/a`, secret: newSigningSecret() }, delivery, NEVER)).toEqual(posted);
  expect(receiver.received).toHaveLength(1);
});

test('no answer: too slow, cut off, nobody there, no public address; and nothing tells the URL', async () => {
  const secret = newSigningSecret();
  receiver.answer('/slow', () => {});
  const hasty = createPost(createOutbound({ allowPrivate: true }), 300);
  expect(await hasty({ url: `${receiver.url}/slow`, secret }, delivery, NEVER)).toEqual({
    type: 'failed',
    why: 'no answer in time',
  });
  receiver.answer('/cut', (response) => response.destroy());
  expect(await post({ url: `${receiver.url}/cut`, secret }, delivery, NEVER)).toEqual({
    type: 'failed',
    why: 'no answer (ECONNRESET)',
  });
  expect(await post({ url: 'http://127.0.0.1:1/token', secret }, delivery, NEVER)).toEqual({
    type: 'failed',
    why: 'no answer (ECONNREFUSED)',
  });
  const guarded = createPost(createOutbound({ allowPrivate: false }));
  expect(await guarded({ url: `${receiver.url}/b`, secret }, delivery, NEVER)).toEqual({ type: 'private_address' });
  expect(receiver.received.map(({ path }) => path)).toEqual(['/slow', '/cut']);
});

test('the status decides, whatever else comes or does not', async () => {
  receiver.answer('/a', (response) => response.writeHead(200).write('x'));
  const posted = await post({ url: `${receiver.url}/a`, secret: newSigningSecret() }, delivery, NEVER);
  expect(posted).toEqual({ type: 'accepted', status: 200 });
});
