"""A release of before the API's version 2026-10-21: other headers, and fewer kinds of events than the server sends."""

import unittest
from typing import Any

from anthropic import Anthropic, AsyncAnthropic, AuthenticationError, BadRequestError, NotFoundError

from talk import MODEL, TOOLSET, custom_tool, only, settings, text_of, user

# It cannot check answers that are newer than itself: an environment's description may be null, a list has other events.
LENIENT = settings(_strict_response_validation=False)
client = Anthropic(**LENIENT)
sessions = client.beta.sessions


def new_session(*tools: dict[str, Any]) -> str:
    agent = client.beta.agents.create(name="older", model=MODEL, tools=list(tools))
    environment = client.beta.environments.create(name="older")
    return sessions.create(agent=agent.id, environment_id=environment.id).id


def turn(session: str, *events: Any) -> list[Any]:
    """Sends them and reads to the idle that follows."""
    seen = []
    with sessions.events.stream(session) as stream:
        sessions.events.send(session, events=list(events))
        for event in stream:
            seen.append(event)
            if event.type == "session.status_idle":
                return seen
    raise AssertionError(f"the stream ended before it was idle: {[event.type for event in seen]}")


class Older(unittest.IsolatedAsyncioTestCase):
    def test_it_sends_its_key_and_version_the_older_way(self) -> None:
        self.assertIn("X-Api-Key", client.auth_headers)
        self.assertEqual(client.default_headers["anthropic-version"], "2023-06-01")
        agents = client.beta.agents.with_raw_response.list()
        self.assertEqual((agents.status_code, agents.http_request.url.params["beta"]), (200, "true"))

    def test_a_turn_with_a_command_and_events_that_it_does_not_know(self) -> None:
        session = new_session(TOOLSET)
        streamed = turn(session, user("/bash echo ran\n/say Done."))
        self.assertEqual(text_of(only(streamed, "agent.tool_result")[0]).strip(), "ran")
        self.assertEqual(streamed[-1].stop_reason.type, "end_turn")
        listed = list(sessions.events.list(session, limit=3))
        # Its streams pass over names that are not on its list; its lists keep them as they are.
        unknown = {event.type for event in listed} - {event.type for event in streamed}
        self.assertEqual(unknown, {"session.usage"})
        self.assertEqual(text_of(only(listed, "agent.message")[-1]), "Done.")

    def test_a_custom_tool_is_answered(self) -> None:
        session = new_session(custom_tool("weather"))
        asked = turn(session, user('/tool weather {"city":"Bern"}'))
        self.assertEqual(asked[-1].stop_reason.type, "requires_action")
        content = [{"type": "text", "text": "sunny"}]
        call = asked[-1].stop_reason.event_ids[0]
        end = turn(session, {"type": "user.custom_tool_result", "custom_tool_use_id": call, "content": content})
        self.assertIn("sunny", text_of(only(end, "agent.message")[0]))

    async def test_the_async_client_reads_a_turn(self) -> None:
        session = new_session()
        async with AsyncAnthropic(**LENIENT) as client:
            events = client.beta.sessions.events
            async with await events.stream(session) as stream:
                await events.send(session, events=[user("/say Hello.")])
                seen = []
                async for event in stream:
                    seen.append(event)
                    if event.type == "session.status_idle":
                        break
        self.assertEqual([text_of(event) for event in only(seen, "agent.message")], ["Hello."])

    def test_refusals_are_errors_of_their_kind(self) -> None:
        with self.assertRaises(NotFoundError):
            sessions.retrieve("sesn_011111111111111111111111")
        with self.assertRaises(BadRequestError) as caught:
            sessions.events.send(new_session(), events=[{"type": "user.unheard_of"}])
        self.assertIn("events.0.type", caught.exception.message)
        with self.assertRaises(AuthenticationError):
            list(Anthropic(**{**LENIENT, "api_key": "sk-unknown"}).beta.agents.list())
