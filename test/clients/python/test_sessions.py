"""What a session does by itself: its turns, its stream, its list, its end."""

import unittest

from anthropic import BadRequestError, NotFoundError
from anthropic.lib.sessions import accumulate_managed_agents_event

from talk import (
    TOOLSET,
    Case,
    async_client,
    client,
    environment,
    new_agent,
    new_session,
    only,
    talking,
    text_of,
    unknown_fields,
    user,
)

sessions = client.beta.sessions

TURN = [
    "session.status_running",
    "session.thread_status_running",
    "user.message",
    "span.model_request_start",
    "agent.message",
    "span.model_request_end",
    "session.thread_status_idle",
    "session.usage",
    "session.status_idle",
]


class Sessions(Case):
    def test_a_session_begins_with_the_events_it_was_created_with(self) -> None:
        session = new_session(initial_events=[user("/say Hello.")], title="First", metadata={"a": "1"})
        with sessions.events.stream(session) as stream:
            seen = [event.type for event in sessions.events.list(session)]
            if "session.status_idle" not in seen:
                next(event for event in stream if event.type == "session.status_idle")
        events = list(sessions.events.list(session))
        self.assertEqual(sorted(event.type for event in events), sorted(TURN))
        self.assertEqual([text_of(event) for event in only(events, "agent.message")], ["Hello."])
        read = sessions.retrieve(session)
        self.assertEqual((read.status, read.title, read.metadata), ("idle", "First", {"a": "1"}))
        self.assert_known(read, events)

    def test_a_turn_with_a_command_is_streamed_as_it_is_listed(self) -> None:
        with talking(TOOLSET) as talk:
            streamed = talk.turn("/think Let me see.\n/bash echo $((6 * 7))\n/say It is done.")
            self.assert_idle(streamed[-1], "end_turn")
            self.assertEqual(text_of(only(streamed, "agent.tool_result")[0]).strip(), "42")
            self.assertEqual(only(streamed, "agent.tool_use")[0].evaluated_permission, "allow")
            self.assertEqual(len(only(streamed, "agent.thinking")), 1)
            listed = talk.list()
            # A message is streamed when it is queued, and again when it is taken up.
            settled = [event for event in streamed if getattr(event, "processed_at", None) is not None]
            self.assertEqual({event.id: event for event in settled}, {event.id: event for event in listed})
            self.assert_known(streamed, listed)

    def test_previews_add_up_to_the_message(self) -> None:
        session = new_session()
        with sessions.events.stream(session, event_deltas=["agent.message", "agent.thinking"]) as stream:
            sessions.events.send(session, events=[user("/think Well.\n/slow 6 20")])
            snapshot, pieces = None, 0
            for event in stream:
                self.assert_known(event)
                before = snapshot
                snapshot = accumulate_managed_agents_event(snapshot, event)
                if event.type == "event_delta":
                    pieces += 1
                if event.type == "agent.message":
                    self.assertEqual(before.content, event.content)
                    self.assertEqual(before.id, event.id)
                if event.type == "session.status_idle":
                    break
        self.assertGreater(pieces, 1)
        self.assertEqual(text_of(snapshot), "word1 word2 word3 word4 word5 word6")

    def test_events_are_listed_in_pages_by_type_and_backwards(self) -> None:
        with talking() as talk:
            talk.turn("/say One.")
            talk.turn("/say Two.")
            ids = [event.id for event in talk.list()]
            page = sessions.events.list(talk.id, limit=4)
            self.assertEqual(([event.id for event in page.data], page.has_next_page()), (ids[:4], True))
            self.assertEqual([event.id for event in page], ids)
            self.assertEqual([event.id for event in talk.list(limit=5, order="desc")], ids[::-1])
            messages = talk.list(types=["agent.message", "user.message"])
            self.assertEqual([text_of(event) for event in messages], ["/say One.", "One.", "/say Two.", "Two."])
            since = talk.list(created_at_gte=messages[2].processed_at, types=["agent.message"])
            self.assertEqual([text_of(event) for event in since], ["Two."])

    def test_sessions_are_listed_in_pages_and_by_agent(self) -> None:
        agent = new_agent()
        ids = [sessions.create(agent=agent, environment_id=environment()).id for _ in range(3)]
        page = sessions.list(agent_id=agent, limit=2)
        self.assertEqual((len(page.data), page.has_next_page()), (2, True))
        self.assertEqual([session.id for session in page], ids[::-1])
        self.assertEqual([session.id for session in sessions.list(agent_id=agent, order="asc")], ids)

    def test_an_interrupt_ends_the_turn(self) -> None:
        with talking(TOOLSET) as talk:
            talk.send("/bash sleep 30")
            talk.until("agent.tool_use")
            end = talk.turn({"type": "user.interrupt"})
            self.assert_idle(end[-1], "end_turn")
            self.assertTrue(only(end, "agent.tool_result")[0].is_error)
            talk.turn("/say Here I am.")
            self.assertEqual(talk.reply(), "Here I am.")
            self.assert_known(end)

    def test_an_instruction_goes_with_its_message(self) -> None:
        instruction = {"type": "system.message", "content": [{"type": "text", "text": "Be brief."}]}
        with talking() as talk:
            events = talk.turn(user("/say Yes."), instruction)
            self.assertEqual(text_of(only(events, "system.message")[-1]), "Be brief.")
            self.assertEqual(talk.reply(), "Yes.")
            with self.assertRaises(BadRequestError) as caught:
                talk.send(instruction, "And now?")
            self.assertIn("events.0", caught.exception.message)
            self.assert_known(events)

    def test_an_instruction_is_refused_for_a_model_that_takes_none(self) -> None:
        instruction = {"type": "system.message", "content": [{"type": "text", "text": "Be brief."}]}
        with talking(model="claude-sonnet-4-5") as talk, self.assertRaises(BadRequestError) as caught:
            talk.send("Hi.", instruction)
        self.assertEqual(caught.exception.error_code, "model_does_not_support_mid_conversation_system")

    def test_an_outcome_is_evaluated_and_revised_until_it_is_met(self) -> None:
        rubric = client.beta.files.upload(file=("rubric.txt", b"/expect rain", "text/plain"))
        outcome = {
            "type": "user.define_outcome",
            "description": "/say It is sunny.",
            "rubric": {"type": "file", "file_id": rubric.id},
        }
        with talking() as talk:
            [echo] = talk.send(outcome)
            self.assertEqual((echo.rubric.type, echo.rubric.content), ("text", "/expect rain"))
            self.assertIsNotNone(echo.processed_at)
            events = talk.until("session.status_idle")
            self.assert_idle(events[-1], "end_turn")
            ends = only(events, "span.outcome_evaluation_end")
            # The scripted model answers what is missing by repeating it.
            self.assertEqual([(end.iteration, end.result) for end in ends], [(0, "needs_revision"), (1, "satisfied")])
            starts = only(events, "span.outcome_evaluation_start")
            self.assertEqual([end.outcome_evaluation_start_id for end in ends], [start.id for start in starts])
            session = sessions.retrieve(talk.id)
            [evaluation] = session.outcome_evaluations
            self.assertEqual((evaluation.outcome_id, evaluation.result), (echo.outcome_id, "satisfied"))
            self.assert_known(echo, events, session)

    def test_a_request_that_the_model_refuses_is_an_error_of_the_session(self) -> None:
        with talking() as talk:
            # The scripted model fails once for one conversation: this one has happened in no other session.
            events = talk.turn(f"/fail 400\n/say Not said in {talk.id}.")
            self.assert_idle(events[-1], "retries_exhausted")
            self.assertEqual(only(events, "session.error")[-1].error.type, "model_request_failed_error")
            self.assert_known(events)

    def test_a_session_is_given_another_title_and_other_tools(self) -> None:
        with talking() as talk:
            changed = sessions.update(talk.id, title="Second", metadata={"b": "2"}, agent={"tools": [TOOLSET]})
            self.assertEqual((changed.title, changed.metadata), ("Second", {"b": "2"}))
            self.assertEqual([tool.type for tool in changed.agent.tools], ["agent_toolset_20260401"])
            updated = talk.until("session.updated")[-1]
            self.assertEqual(updated.title, "Second")
            talk.turn("/bash echo ran")
            self.assertIn("ran", talk.reply())
            self.assert_known(changed, updated)

    def test_its_primary_thread_has_the_same_events(self) -> None:
        with talking() as talk:
            talk.turn("/say Hello.")
            threads = list(sessions.threads.list(talk.id))
            self.assertEqual(len(threads), 1)
            events = list(sessions.threads.events.list(threads[0].id, session_id=talk.id))
            self.assertEqual([text_of(event) for event in only(events, "agent.message")], ["Hello."])
            self.assert_known(threads, events)

    def test_an_archived_session_is_read_only(self) -> None:
        with talking() as talk:
            talk.turn("/say Hello.")
            archived = sessions.archive(talk.id)
            self.assertEqual(archived.status, "terminated")
            self.assertIsNotNone(archived.archived_at)
            terminated = talk.until("session.status_terminated")
            with self.assertRaises(BadRequestError):
                talk.send("Hello?")
            self.assertEqual(talk.reply(), "Hello.")
            self.assert_known(archived, terminated)

    def test_a_deleted_session_ends_its_stream_and_is_gone(self) -> None:
        with talking() as talk:
            talk.turn("/say Hello.")
            deleted = sessions.delete(talk.id)
            self.assertEqual((deleted.id, deleted.type), (talk.id, "session_deleted"))
            rest = list(talk.stream)
            self.assertEqual(rest[-1].type, "session.deleted")
            with self.assertRaises(NotFoundError):
                sessions.retrieve(talk.id)
            self.assert_known(deleted, rest)


class AsyncSessions(unittest.IsolatedAsyncioTestCase):
    async def test_the_async_client_creates_sends_streams_and_lists(self) -> None:
        async with async_client() as client:
            agents, sessions = client.beta.agents, client.beta.sessions
            agent = await agents.create(name="async", model="claude-opus-5-5", tools=[TOOLSET])
            session = await sessions.create(agent=agent.id, environment_id=environment())
            streamed = []
            async with await sessions.events.stream(session.id) as stream:
                await sessions.events.send(session.id, events=[user("/bash echo ran")])
                async for event in stream:
                    streamed.append(event)
                    if event.type == "session.status_idle":
                        break
            listed = [event async for event in sessions.events.list(session.id, limit=3)]
            settled = {event.id for event in streamed if event.processed_at is not None}
            self.assertEqual([event.id for event in listed if event.id not in settled], [])
            self.assertEqual(text_of(only(listed, "agent.tool_result")[0]).strip(), "ran")
            self.assertEqual(unknown_fields([session, *streamed, *listed]), [])
            await sessions.delete(session.id)
