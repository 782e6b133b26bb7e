"""What is refused, and by which of the SDK's errors."""

from typing import Any

from anthropic import Anthropic, AuthenticationError, BadRequestError, NotFoundError

from talk import MODEL, Case, client, environment, new_agent, new_session, settings


class Errors(Case):
    def test_an_unknown_key_is_an_authentication_error(self) -> None:
        with self.assertRaises(AuthenticationError) as caught:
            list(Anthropic(**settings(api_key="sk-unknown")).beta.agents.list())
        self.assert_error(caught.exception, 401, "authentication_error")

    def test_the_key_is_taken_as_an_auth_token_and_in_either_header(self) -> None:
        for headers in [{"x-api-key": client.api_key}, {"authorization": f"Bearer {client.api_key}"}]:
            other = Anthropic(**settings(api_key="sk-unknown", default_headers=headers))
            self.assertTrue(other.beta.models.list().data)
        token = Anthropic(**settings(api_key=None, auth_token=client.api_key))
        self.assertTrue(token.beta.models.list().data)

    def test_what_is_not_there_is_not_found(self) -> None:
        for read in [
            lambda: client.beta.agents.retrieve("agent_011111111111111111111111"),
            lambda: client.beta.sessions.retrieve("sesn_011111111111111111111111"),
            lambda: client.beta.sessions.events.stream("sesn_011111111111111111111111"),
            lambda: client.beta.environments.delete("env_011111111111111111111111"),
        ]:
            with self.assertRaises(NotFoundError) as caught:
                read()
            self.assert_error(caught.exception, 404, "not_found_error")

    def test_a_bad_body_is_a_bad_request_that_names_its_field(self) -> None:
        session = new_session()
        for path, call in [
            ("name", lambda: client.beta.agents.create(model=MODEL, name="")),
            ("events.0.type", lambda: send(session, {"type": "user.unheard_of"})),
            ("events.0.content", lambda: send(session, {"type": "user.message"})),
            ("limit", lambda: client.beta.sessions.list(limit=0)),
        ]:
            with self.subTest(path), self.assertRaises(BadRequestError) as caught:
                call()
            self.assertIn(path, caught.exception.message)
            self.assert_error(caught.exception, 400, "invalid_request_error")
        self.assertEqual(list(client.beta.sessions.events.list(session)), [])

    def test_a_session_of_an_archived_agent_is_refused(self) -> None:
        agent = new_agent()
        client.beta.agents.archive(agent)
        with self.assertRaises(BadRequestError) as caught:
            client.beta.sessions.create(agent=agent, environment_id=environment())
        self.assert_error(caught.exception, 400, "invalid_request_error")

    def assert_error(self, error: Any, status: int, type: str) -> None:
        self.assertEqual((error.status_code, error.type), (status, type))
        self.assertEqual(error.request_id, error.body["request_id"])
        self.assertTrue(error.api_message)


def send(session: str, event: Any) -> None:
    client.beta.sessions.events.send(session, events=[event])
