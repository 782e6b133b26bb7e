"""What a session may cost."""

from typing import Any

from anthropic import BadRequestError

from talk import Case, asking, client, new_session, only, talking

sessions = client.beta.sessions

# At four dollars for a million tokens of input and four characters a token, a cent is worth 10,000 characters.
TWO_CENTS = "x" * 20_000


def cap(cents: int) -> dict[str, Any]:
    return {"type": "limit", "max_list_cost": {"amount": str(cents), "currency": "USD"}}


class Budgets(Case):
    def test_what_was_spent_is_in_every_usage(self) -> None:
        with talking(budget=cap(1000)) as talk:
            usage = only(talk.turn("/say Hello."), "session.usage")[-1]
            self.assertEqual(usage.budget.max_list_cost.amount, "1000")
            session = sessions.retrieve(talk.id)
            self.assertEqual(session.usage.list_cost, usage.usage.list_cost)
            self.assertGreater(session.usage.output_tokens, 0)
            self.assert_known(usage, session)

    def test_a_turn_that_reaches_it_stops_and_goes_on_when_it_is_raised(self) -> None:
        with talking(asking(), budget=cap(1)) as talk:
            stopped = talk.turn(f"{TWO_CENTS}\n/bash echo one\n/say Two.")
            self.assert_idle(stopped[-1], "budget_reached")
            self.assertEqual(only(stopped, "agent.message"), [])
            with self.assertRaises(BadRequestError) as caught:
                talk.send("And now?")
            self.assertIn("user.interrupt", caught.exception.message)
            with self.assertRaises(BadRequestError) as caught:
                sessions.update(talk.id, budget=cap(1))
            self.assertEqual(caught.exception.error_code, "budget_not_raised")
            self.assertEqual(caught.exception.details.error_code, "budget_not_raised")
            raised = sessions.update(talk.id, budget=cap(1000))
            self.assertEqual(raised.budget.max_list_cost.amount, "1000")
            resumed = talk.until("session.status_idle")
            self.assert_idle(resumed[-1], "end_turn")
            self.assertEqual(only(resumed, "session.updated")[0].budget.max_list_cost.amount, "1000")
            self.assertEqual(talk.reply(), "Two.")
            self.assert_known(stopped, raised, resumed)

    def test_once_removed_it_cannot_be_added_again(self) -> None:
        session = new_session(budget=cap(100))
        self.assertIsNone(sessions.update(session, budget=None).budget)
        with self.assertRaises(BadRequestError) as caught:
            sessions.update(session, budget=cap(100))
        self.assertEqual(caught.exception.error_code, "budget_create_only")

    def test_a_model_without_a_price_has_none(self) -> None:
        with self.assertRaises(BadRequestError) as caught:
            new_session(model="unpriced", budget=cap(100))
        self.assertEqual(caught.exception.error_code, "model_not_budgetable")
        self.assertIsNone(sessions.retrieve(new_session(model="unpriced")).budget)
