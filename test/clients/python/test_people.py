"""Sessions that wait for somebody: custom tools, and calls that have to be allowed."""

import asyncio
import unittest
from typing import Any

from anthropic import BadRequestError, beta_async_tool, beta_tool

from talk import Case, async_client, asking, client, custom_tool, new_session, only, talking, text_of, user

ASK_FOR_BERN = '/tool weather {"city":"Bern"}'
ASK_TWO = '/parallel [{"name":"weather","input":{"city":"Bern"}},{"name":"people","input":{"city":"Bern"}}]'


def answer(call: str, *content: Any, **more: Any) -> dict[str, Any]:
    blocks = [{"type": "text", "text": block} if isinstance(block, str) else block for block in content]
    return {"type": "user.custom_tool_result", "custom_tool_use_id": call, "content": blocks, **more}


def allow(call: str) -> dict[str, Any]:
    return {"type": "user.tool_confirmation", "tool_use_id": call, "result": "allow"}


def deny(call: str, reason: str) -> dict[str, Any]:
    return {"type": "user.tool_confirmation", "tool_use_id": call, "result": "deny", "deny_message": reason}


class CustomTools(Case):
    def test_a_call_waits_for_its_result_and_goes_on_with_it(self) -> None:
        with talking(custom_tool("weather")) as talk:
            asked = talk.turn(ASK_FOR_BERN)
            call = only(asked, "agent.custom_tool_use")[0]
            self.assertEqual((call.name, call.input), ("weather", {"city": "Bern"}))
            self.assert_idle(asked[-1], "requires_action")
            self.assertEqual(asked[-1].stop_reason.event_ids, [call.id])
            self.assertEqual(client.beta.sessions.retrieve(talk.id).status, "idle")
            answered = talk.turn(answer(call.id, "sunny"))
            self.assert_idle(answered[-1], "end_turn")
            self.assertIn("sunny", talk.reply())
            self.assert_known(asked, answered)

    def test_several_calls_are_answered_one_by_one_and_each_leaves_the_rest(self) -> None:
        with talking(custom_tool("weather"), custom_tool("people")) as talk:
            calls = [call.id for call in only(talk.turn(ASK_TWO), "agent.custom_tool_use")]
            rest = talk.turn(answer(calls[1], "134,000"))[-1]
            self.assert_idle(rest, "requires_action")
            self.assertEqual(rest.stop_reason.event_ids, calls[:1])
            self.assert_idle(talk.turn(answer(calls[0], "no such city", is_error=True))[-1], "end_turn")

    def test_a_result_may_be_an_image_a_document_and_a_search_result(self) -> None:
        document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A city."}}
        found = {
            "type": "search_result",
            "source": "https://example.com",
            "title": "Bern",
            "citations": {"enabled": True},
            "content": [{"type": "text", "text": "bears"}],
        }
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
        with talking(custom_tool("weather")) as talk:
            call = only(talk.turn(ASK_FOR_BERN), "agent.custom_tool_use")[0].id
            self.assert_idle(talk.turn(answer(call, "Look:", image, document, found))[-1], "end_turn")
            result = talk.list(types=["user.custom_tool_result"])[0]
            self.assertEqual([block.type for block in result.content], ["text", "image", "document", "search_result"])
            self.assert_known(result)

    def test_while_it_waits_a_message_is_refused(self) -> None:
        with talking(custom_tool("weather")) as talk:
            call = only(talk.turn(ASK_FOR_BERN), "agent.custom_tool_use")[0].id
            with self.assertRaises(BadRequestError) as caught:
                talk.send("Hello?")
            self.assertIn(call, caught.exception.message)
            self.assertEqual(len(talk.list(types=["user.message"])), 1)


class Confirmations(Case):
    def test_an_allowed_call_runs_once_and_not_before(self) -> None:
        with talking(asking("bash")) as talk:
            asked = talk.turn("/bash echo ran >> log; cat log")
            call = only(asked, "agent.tool_use")[0]
            self.assertEqual((call.evaluated_permission, call.evaluation.type), ("ask", "always_ask"))
            self.assert_idle(asked[-1], "requires_action")
            self.assertEqual(asked[-1].stop_reason.event_ids, [call.id])
            self.assertEqual(only(asked, "agent.tool_result"), [])
            allowed = talk.turn(allow(call.id))
            self.assertEqual(text_of(only(allowed, "agent.tool_result")[0]).strip(), "ran")
            self.assert_idle(allowed[-1], "end_turn")
            self.assert_known(asked, allowed)

    def test_a_denied_call_does_not_run_and_the_agent_is_told_why(self) -> None:
        with talking(asking("bash")) as talk:
            call = only(talk.turn("/bash touch ran"), "agent.tool_use")[0].id
            denied = talk.turn(deny(call, "Not today."))
            self.assertTrue(only(denied, "agent.tool_result")[0].is_error)
            self.assertIn("Not today.", talk.reply())
            again = talk.turn('/tool glob {"pattern":"**/*"}')
            self.assertNotIn("ran", text_of(only(again, "agent.tool_result")[0]))
            self.assert_known(denied)

    def test_a_confirmation_of_no_call_names_its_field(self) -> None:
        with talking(asking("bash")) as talk:
            talk.turn("/bash true")
            before = talk.list()
            with self.assertRaises(BadRequestError) as caught:
                talk.send(allow("sevt_unknown"))
            self.assertIn("events.0.tool_use_id", caught.exception.message)
            self.assertEqual(talk.list(), before)


class ToolRunners(unittest.IsolatedAsyncioTestCase):
    async def test_two_runners_of_the_sdk_each_answer_the_calls_of_their_own_tools(self) -> None:
        @beta_async_tool
        async def weather(city: str) -> str:
            """The weather in a city."""
            return f"sunny in {city}"

        @beta_tool
        def people(city: str) -> str:
            """How many live in a city."""
            raise ValueError(f"nobody has counted in {city}")

        session = new_session([custom_tool("weather"), custom_tool("people")])
        async with async_client() as client:
            events = client.beta.sessions.events

            async def run(tool: Any) -> list[tuple[str, bool]]:
                runner = events.tool_runner(session, tools=[tool], max_idle=1)
                return [(call.name, call.is_error) async for call in runner if call.posted]

            async with asyncio.timeout(30):
                running = [asyncio.create_task(run(tool)) for tool in (weather, people)]
                await events.send(session, events=[user(ASK_TWO)])
                self.assertEqual(await asyncio.gather(*running), [[("weather", False)], [("people", True)]])
            results = [event async for event in events.list(session, types=["user.custom_tool_result"])]
        self.assertEqual({result.is_error for result in results}, {False, True})
        self.assertIn("sunny in Bern", [text_of(result) for result in results])

    async def test_a_runner_that_comes_late_finds_the_call_that_waits(self) -> None:
        @beta_async_tool
        async def weather(city: str) -> str:
            """The weather in a city."""
            return f"sunny in {city}"

        with talking(custom_tool("weather")) as talk:
            self.assertEqual(talk.turn(ASK_FOR_BERN)[-1].stop_reason.type, "requires_action")
            async with async_client() as client, asyncio.timeout(30):
                await client.beta.sessions.events.tool_runner(talk.id, tools=[weather], max_idle=1).until_done()
            self.assertIn("sunny in Bern", talk.reply())


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
