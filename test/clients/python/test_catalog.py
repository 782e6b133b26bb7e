"""Agents, environments and models, and the pages of their lists."""

from itertools import islice

from anthropic import ConflictError, NotFoundError

from talk import MODEL, TOOLSET, Case, client, custom_tool, new_agent

agents = client.beta.agents
environments = client.beta.environments


class Catalog(Case):
    def test_an_agent_is_made_read_changed_and_archived(self) -> None:
        made = agents.create(
            name="first",
            model=MODEL,
            system="Be brief.",
            tools=[TOOLSET, custom_tool("weather")],
            metadata={"team": "blue"},
        )
        self.assertEqual((made.version, made.model.id, made.metadata), (1, MODEL, {"team": "blue"}))
        self.assertEqual([tool.type for tool in made.tools], ["agent_toolset_20260401", "custom"])
        self.assertEqual(agents.retrieve(made.id), made)
        changed = agents.update(made.id, version=1, name="second")
        self.assertEqual((changed.version, changed.name, changed.system), (2, "second", "Be brief."))
        self.assertEqual(agents.retrieve(made.id, version=1), made)
        self.assertEqual([version.version for version in agents.versions.list(made.id)], [2, 1])
        archived = agents.archive(made.id)
        self.assertIsNotNone(archived.archived_at)
        self.assert_known(made, changed, archived)

    def test_a_change_to_an_outdated_agent_is_a_conflict(self) -> None:
        agent = new_agent()
        agents.update(agent, version=1, name="second")
        with self.assertRaises(ConflictError) as caught:
            agents.update(agent, version=1, name="third")
        self.assertEqual(caught.exception.status_code, 409)
        self.assertEqual(agents.retrieve(agent).name, "second")

    def test_a_list_comes_in_pages_and_is_read_through_them(self) -> None:
        made = [new_agent(name=f"page {number}") for number in range(3)]
        page = agents.list(limit=2)
        self.assertEqual(len(page.data), 2)
        self.assertTrue(page.has_next_page())
        self.assertEqual([agent.id for agent in islice(page, 3)], made[::-1])
        self.assertEqual([agent.id for agent in islice(agents.list(limit=2), 2)], [a.id for a in page.data])

    def test_an_environment_is_made_read_changed_archived_and_deleted(self) -> None:
        made = environments.create(name="first", description="A place.", metadata={"a": "1"})
        self.assertEqual(environments.retrieve(made.id), made)
        changed = environments.update(made.id, name="second")
        self.assertEqual((changed.name, changed.description), ("second", "A place."))
        self.assertIn(made.id, [environment.id for environment in environments.list()])
        archived = environments.archive(made.id)
        self.assertIsNotNone(archived.archived_at)
        deleted = environments.delete(made.id)
        self.assertEqual((deleted.id, deleted.type), (made.id, "environment_deleted"))
        with self.assertRaises(NotFoundError):
            environments.retrieve(made.id)
        self.assert_known(made, changed, archived, deleted)

    def test_models_are_listed(self) -> None:
        models = list(client.beta.models.list())
        self.assertTrue(models)
        self.assertEqual(client.beta.models.retrieve(models[0].id), models[0])
        self.assertEqual([model.id for model in client.models.list()], [model.id for model in models])
        self.assert_known(models)
