import { instruct, say } from './answers.js';
import { openTalk, only, typesOf } from './session.js';
import type { GetWire } from './suite.js';

/** Instructions in the midst of a conversation. */
export function describeSystemMessages(get: GetWire): void {
  describe('a system message', () => {
    test('goes with the message before it', async () => {
      const talk = await openTalk(get());
      const events = await talk.postUntilIdle(say('hi'), instruct('Be brief.'));
      const messages = get().requestsOf(talk.model)[0]?.body.messages;
      expect(messages?.map(({ role }) => role)).toEqual(['user', 'system']);
      expect(JSON.stringify(messages?.[1])).toContain('Be brief.');
      expect(only(events, 'system.message').map(({ processed_at }) => processed_at)).toEqual([
        null,
        expect.any(String),
      ]);
    });

    test('by itself starts no turn: it waits for the next message', async () => {
      const talk = await openTalk(get());
      await talk.turn('hi');
      const [echo] = await talk.post(instruct('Be brief.'));
      expect(echo).toMatchObject({ processed_at: null });
      expect((await talk.list()).at(-1)).toMatchObject({ type: 'system.message', processed_at: null });
      expect((await get().client.beta.sessions.retrieve(talk.id)).status).toBe('idle');
      const events = await talk.turn('and now?');
      expect(typesOf(events)).toContain('system.message');
      expect(
        get()
          .requestsOf(talk.model)[1]
          ?.body.messages.map(({ role }) => role),
      ).toContain('system');
      const processed = await talk.list();
      expect(processed.every(({ processed_at }) => processed_at !== null)).toBe(true);
    });

    test('has its place: last, once, and not at a session’s beginning', async () => {
      const talk = await openTalk(get());
      for (const events of [
        [instruct('a'), say('b')],
        [say('a'), instruct('b'), instruct('c')],
        [{ type: 'user.interrupt' as const }, instruct('b')],
      ]) {
        await expect(talk.post(...events)).rejects.toMatchObject({ status: 400 });
      }
      expect(await talk.list()).toEqual([]);
    });

    test('is refused for a model that takes none', async () => {
      const talk = await openTalk(get(), { model: 'claude-sonnet-4-5' });
      await expect(talk.post(say('hi'), instruct('Be brief.'))).rejects.toMatchObject({
        status: 400,
        error: { error: { details: { error_code: 'model_does_not_support_mid_conversation_system' } } },
      });
    });
  });
}
