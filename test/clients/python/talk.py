"""Clients of the server under test, and sessions whose turns can be waited for."""

import os
import unittest
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from anthropic import Anthropic, AsyncAnthropic, BaseModel

URL = os.environ["DROVER_TEST_URL"]
KEY = os.environ["DROVER_TEST_KEY"]

# Shorter than the time between two pings: a turn that never ends fails by itself.
SILENCE_SECONDS = 12

# It has a list price and takes instructions in the midst of a conversation; the server's model is scripted whatever its name.
MODEL = "claude-opus-5-5"
TOOLSET = {"type": "agent_toolset_20260401"}


def settings(**more: Any) -> dict[str, Any]:
    """A client's settings: no retries, and an error for every answer that is not as the SDK's types have it."""
    strict = {"_strict_response_validation": True, "max_retries": 0, "timeout": SILENCE_SECONDS}
    return {"base_url": URL, "api_key": KEY, **strict, **more}


client = Anthropic(**settings())


def async_client() -> AsyncAnthropic:
    """One for each event loop: its connections belong to the loop."""
    return AsyncAnthropic(**settings())


def custom_tool(name: str) -> dict[str, Any]:
    """A tool that the client runs."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    return {"type": "custom", "name": name, "description": "Tells about a city.", "input_schema": schema}


def asking(*names: str) -> dict[str, Any]:
    """The toolset, with some tools that run only when somebody allows it."""
    policy = {"type": "always_ask"}
    return {**TOOLSET, "configs": [{"name": name, "permission_policy": policy} for name in names]}


def user(text: str) -> dict[str, Any]:
    return {"type": "user.message", "content": [{"type": "text", "text": text}]}


def text_of(event: Any) -> str:
    """The text of an event's content."""
    return "".join(block.text for block in event.content if block.type == "text")


def new_agent(**params: Any) -> str:
    return client.beta.agents.create(**{"name": "python", "model": MODEL, **params}).id


_environment: list[str] = []


def environment() -> str:
    """The environment of all sessions that need no own."""
    if not _environment:
        _environment.append(client.beta.environments.create(name="python").id)
    return _environment[0]


def new_session(tools: Iterable[dict[str, Any]] = (), model: str = MODEL, **params: Any) -> str:
    agent = new_agent(model=model, tools=list(tools))
    return client.beta.sessions.create(agent=agent, environment_id=environment(), **params).id


class Talk:
    """A session and a stream of its events that was opened before its first turn."""

    def __init__(self, session: str, stream: Any) -> None:
        self.id = session
        self.stream = stream

    def send(self, *events: Any) -> list[Any]:
        """Sends events, or texts as messages; gives their echoes."""
        params = [user(event) if isinstance(event, str) else event for event in events]
        return client.beta.sessions.events.send(self.id, events=params).data or []

    def until(self, type: str) -> list[Any]:
        """The events from here to the next of that type."""
        events = []
        for event in self.stream:
            events.append(event)
            if event.type == type:
                return events
        raise AssertionError(f"the stream ended before {type}: {[event.type for event in events]}")

    def turn(self, *events: Any) -> list[Any]:
        """Sends them and reads to the idle that follows."""
        self.send(*events)
        return self.until("session.status_idle")

    def list(self, **params: Any) -> list[Any]:
        return list(client.beta.sessions.events.list(self.id, **params))

    def reply(self) -> str:
        """What the agent said last."""
        return text_of(self.list(types=["agent.message"], order="desc")[0])


@contextmanager
def talking(*tools: dict[str, Any], **params: Any) -> Iterator[Talk]:
    """A new session with these tools, followed from its beginning."""
    session = new_session(tools, **params)
    with client.beta.sessions.events.stream(session) as stream:
        yield Talk(session, stream)


def only(events: Iterable[Any], type: str) -> list[Any]:
    return [event for event in events if event.type == type]


def unknown_fields(value: Any, path: str = "") -> list[str]:
    """What the server sent that the SDK's types do not have, as paths."""
    if isinstance(value, BaseModel):
        extra = [f"{path}.{name}" for name in value.model_extra or {}]
        fields = [unknown_fields(getattr(value, name), f"{path}.{name}") for name in type(value).model_fields]
        return sum(fields, extra)
    if isinstance(value, list):
        return sum((unknown_fields(item, f"{path}[{index}]") for index, item in enumerate(value)), [])
    return []


class Case(unittest.TestCase):
    def assert_known(self, *values: Any) -> None:
        """Everything the server sent is in the SDK's types."""
        self.assertEqual(unknown_fields(list(values)), [])

    def assert_idle(self, event: Any, reason: str) -> None:
        self.assertEqual((event.type, event.stop_reason.type), ("session.status_idle", reason))
