"""Each family of the catalog once: what is made is what is read, and what a session has of it works there."""

import hashlib
import io
import zipfile

from anthropic import Anthropic, BadRequestError, ConflictError, NotFoundError

from talk import MODEL, TOOLSET, Case, client, environment, new_agent, only, settings, talking, text_of, user

beta = client.beta

# Expires on 1 January 2126; its private key was thrown away.
CA_PEM = """-----BEGIN CERTIFICATE-----
MIIBSTCB76ADAgECAhQjJXT1265XADAk38Iz509JMgh1gTAKBggqhkjOPQQDAjAZ
MRcwFQYDVQQDDA5kcm92ZXIgdGVzdCBjYTAgFw0yNjAxMDEwMDAwMDBaGA8yMTI2
MDEwMTAwMDAwMFowGTEXMBUGA1UEAwwOZHJvdmVyIHRlc3QgY2EwWTATBgcqhkjO
PQIBBggqhkjOPQMBBwNCAAQ7BkgKCYx41SWPIQ8NHgVTYyesIf+2oaBxjDnc1Gt9
QqBWpNTJ3Lq/zb5nBSDBW2+9bygLkardflnwjpakfepGoxMwETAPBgNVHRMBAf8E
BTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCQAspWC/NrXjskM6QRkb6gCtdeI69a
WJwT3RjoyavdnQIhANogIAWz+HKhA+D0lmqB0crEsw9D3xMjrzCnOxu2dfzD
-----END CERTIFICATE-----
"""


def skill_files(body: str) -> list[tuple[str, bytes]]:
    text = f"---\nname: rhymer\ndescription: Finds rhymes.\n---\n{body}\n"
    return [("rhymer/SKILL.md", text.encode()), ("rhymer/words.txt", b"cat hat\n")]


class Families(Case):
    def test_vaults_keep_credentials_and_show_no_secret(self) -> None:
        vault = beta.vaults.create(display_name="tools", metadata={"a": "1"})
        self.assertEqual(beta.vaults.retrieve(vault.id), vault)
        auth = {"type": "static_bearer", "mcp_server_url": "https://mcp.example.com/", "token": "planted-token"}
        made = beta.vaults.credentials.create(vault.id, auth=auth)
        self.assertNotIn("planted-token", made.to_json())
        self.assertEqual(list(beta.vaults.credentials.list(vault.id)), [made])
        with self.assertRaises(ConflictError):
            beta.vaults.credentials.create(vault.id, auth=auth)
        archived = beta.vaults.archive(vault.id)
        self.assertIsNotNone(beta.vaults.credentials.retrieve(made.id, vault_id=vault.id).archived_at)
        deleted = beta.vaults.delete(vault.id)
        self.assert_known(vault, made, archived, deleted)

    def test_a_vault_is_named_by_a_session(self) -> None:
        vault = beta.vaults.create(display_name="tools")
        session = beta.sessions.create(agent=new_agent(), environment_id=environment(), vault_ids=[vault.id])
        self.assertEqual(session.vault_ids, [vault.id])
        self.assert_known(session)

    def test_files_are_read_by_a_session_and_made_by_it(self) -> None:
        file = beta.files.upload(file=("numbers.csv", b"1,2,3\n", "text/csv"))
        self.assertEqual(beta.files.retrieve_metadata(file.id), file)
        resource = {"type": "file", "file_id": file.id, "mount_path": "/numbers.csv"}
        with talking(TOOLSET, resources=[resource]) as talk:
            held = list(beta.sessions.resources.list(talk.id))
            self.assertEqual([one.mount_path for one in held], ["/mnt/session/uploads/numbers.csv"])
            copy = "cat /mnt/session/uploads/numbers.csv; cp /mnt/session/uploads/numbers.csv /mnt/session/outputs/out.csv"
            result = only(talk.turn(f"/bash {copy}"), "agent.tool_result")[0]
            self.assertIn("1,2,3", text_of(result))
            outputs = [one for one in beta.files.list(scope_id=talk.id) if one.downloadable]
            self.assertEqual([one.filename for one in outputs], ["out.csv"])
            self.assertEqual(beta.files.download(outputs[0].id).read(), b"1,2,3\n")
            gone = beta.sessions.resources.delete(held[0].id, session_id=talk.id)
            self.assert_known(file, held, outputs, gone)
        with self.assertRaises(BadRequestError):
            beta.files.download(file.id)
        self.assert_known(beta.files.delete(file.id))

    def test_memories_are_kept_in_versions_and_shared_with_a_session(self) -> None:
        store = beta.memory_stores.create(name="Team notes", description="What we know.")
        memories = beta.memory_stores.memories
        made = memories.create(store.id, path="/colours/sky.md", content="blue")
        self.assertEqual(made.content_sha256, hashlib.sha256(b"blue").hexdigest())
        guard = {"type": "content_sha256", "content_sha256": made.content_sha256}
        changed = memories.update(made.id, memory_store_id=store.id, content="grey", precondition=guard)
        with self.assertRaises(ConflictError):
            memories.update(made.id, memory_store_id=store.id, content="red", precondition=guard)
        listed = list(memories.list(store.id, depth=1))
        self.assertEqual([(one.type, one.path) for one in listed], [("memory_prefix", "/colours/")])
        with talking(TOOLSET, resources=[{"type": "memory_store", "memory_store_id": store.id}]) as talk:
            talk.turn("/bash cat /mnt/memory/team-notes/colours/sky.md && echo green > /mnt/memory/team-notes/grass.md")
            by_session = list(beta.memory_stores.memory_versions.list(store.id, session_id=talk.id))
            self.assertEqual([(one.operation, one.path) for one in by_session], [("created", "/grass.md")])
        whole = [one for one in memories.list(store.id, view="full") if one.type == "memory"]
        self.assertEqual({one.path: one.content for one in whole}, {"/colours/sky.md": "grey", "/grass.md": "green\n"})
        versions = list(beta.memory_stores.memory_versions.list(store.id, memory_id=made.id))
        self.assertEqual([one.operation for one in versions], ["modified", "created"])
        redacted = beta.memory_stores.memory_versions.redact(versions[1].id, memory_store_id=store.id)
        self.assertIsNotNone(redacted.redacted_at)
        self.assert_known(store, made, changed, listed, by_session, whole, versions, redacted)
        self.assert_known(beta.memory_stores.archive(store.id), beta.memory_stores.delete(store.id))

    def test_skills_have_versions_and_are_mounted_in_a_session(self) -> None:
        skill = beta.skills.create(files=skill_files("Think of sounds."), display_name="Rhymes")
        second = beta.skills.versions.create(skill.id, files=skill_files("Think of sounds, twice."))
        latest = beta.skills.versions.retrieve("latest", skill_id=skill.id)
        self.assertEqual((latest.id, latest.name), (second.id, "rhymer"))
        archive = zipfile.ZipFile(io.BytesIO(beta.skills.versions.download(second.id, skill_id=skill.id).read()))
        self.assertEqual(archive.read("rhymer/words.txt"), b"cat hat\n")
        agent = new_agent(tools=[TOOLSET], skills=[{"type": "custom", "skill_id": skill.id}])
        session = beta.sessions.create(agent=agent, environment_id=environment())
        with beta.sessions.events.stream(session.id) as stream:
            beta.sessions.events.send(session.id, events=[user("/bash cat /mnt/skills/rhymer/SKILL.md")])
            for event in stream:
                if event.type == "agent.tool_result":
                    self.assertIn("twice", text_of(event))
                if event.type == "session.status_idle":
                    break
        self.assert_known(skill, second, latest, session)

    def test_deployments_run_by_hand_and_say_when_they_will(self) -> None:
        deployment = beta.deployments.create(
            name="morning",
            agent=new_agent(),
            environment_id=environment(),
            initial_events=[user("/say Good morning.")],
            schedule={"type": "cron", "expression": "0 9 * * 1-5", "timezone": "Europe/Berlin"},
        )
        self.assertEqual(len(deployment.schedule.upcoming_runs_at), 5)
        paused = beta.deployments.pause(deployment.id)
        run = beta.deployments.run(deployment.id)
        self.assertEqual((paused.status, run.trigger_context.type, run.error), ("paused", "manual", None))
        session = beta.sessions.retrieve(run.session_id)
        self.assertEqual(session.deployment_id, deployment.id)
        self.assertEqual(list(beta.deployment_runs.list(deployment_id=deployment.id)), [run])
        self.assertEqual(beta.deployment_runs.retrieve(run.id), run)
        resumed = beta.deployments.unpause(deployment.id)
        archived = beta.deployments.archive(deployment.id)
        self.assert_known(deployment, paused, run, session, resumed, archived)

    def test_profiles_and_their_enrolment(self) -> None:
        profile = beta.user_profiles.create(external_id="user-1", name="Ada", metadata={"a": "1"})
        changed = beta.user_profiles.update(profile.id, metadata={"a": ""})
        self.assertEqual(changed.metadata, {})
        self.assertIn(profile.id, [one.id for one in beta.user_profiles.list()])
        url = beta.user_profiles.create_enrollment_url(profile.id)
        self.assertTrue(url.url.startswith("http"))
        deleted = beta.user_profiles.delete(profile.id)
        with self.assertRaises(NotFoundError):
            beta.user_profiles.retrieve(profile.id)
        self.assert_known(profile, changed, url, deleted)

    def test_tunnels_and_their_certificates(self) -> None:
        tunnel = beta.tunnels.create(display_name="inner")
        token = beta.tunnels.reveal_token(tunnel.id)
        rotated = beta.tunnels.rotate_token(tunnel.id)
        certificate = beta.tunnels.certificates.create(tunnel.id, ca_certificate_pem=CA_PEM)
        self.assertEqual(list(beta.tunnels.certificates.list(tunnel.id)), [certificate])
        self.assert_known(tunnel, token, rotated, certificate, beta.tunnels.archive(tunnel.id))

    def test_webhooks_of_the_organization(self) -> None:
        webhooks = beta.organization.webhooks
        made = webhooks.create(url="https://example.com/hook", enabled_events=["user_profile.enforcement_action_opened"])
        self.assertTrue(made.signing_secret.startswith("whsec_"))
        self.assertEqual([one.id for one in webhooks.list()], [made.id])
        changed = webhooks.update(made.id, state="disabled")
        self.assertEqual(changed.state, "disabled")
        self.assert_known(made, changed, webhooks.delete(made.id))

    def test_dreams_begin_and_are_cancelled(self) -> None:
        store = beta.memory_stores.create(name="Dreamt of")
        past = beta.sessions.create(agent=new_agent(), environment_id=environment())
        dream = beta.dreams.create(
            model=MODEL,
            inputs=[
                {"type": "memory_store", "memory_store_id": store.id},
                {"type": "sessions", "session_ids": [past.id]},
            ],
        )
        self.assertEqual((dream.status, dream.output_behavior.type), ("pending", "create_new"))
        cancelled = beta.dreams.cancel(dream.id)
        self.assertEqual(cancelled.status, "canceled")
        self.assertIn(dream.id, [one.id for one in beta.dreams.list()])
        archived = beta.dreams.archive(dream.id)
        self.assertIsNotNone(archived.archived_at)
        self.assert_known(dream, cancelled, archived)

    def test_work_of_a_self_hosted_environment_is_taken_with_its_key(self) -> None:
        place = beta.environments.create(name="elsewhere", config={"type": "self_hosted"})
        asked = {"name": "worker", "environment_id": place.id}
        key = client.post("/drover/environment_keys", body=asked, cast_to=object)
        worker = Anthropic(**settings(api_key=key["key"])).beta.environments.work
        self.assertIsNone(worker.poll(place.id))
        session = beta.sessions.create(
            agent=new_agent(tools=[TOOLSET]), environment_id=place.id, initial_events=[user("/bash echo there")]
        )
        item = worker.poll(place.id)
        self.assertEqual((item.data.id, item.state), (session.id, "queued"))
        started = worker.ack(item.id, environment_id=place.id)
        beat = worker.heartbeat(item.id, environment_id=place.id, expected_last_heartbeat="NO_HEARTBEAT")
        self.assertEqual((started.state, beat.state, beat.lease_extended), ("starting", "active", True))
        self.assertEqual(worker.stats(place.id).depth, 0)
        stopped = worker.stop(item.id, environment_id=place.id, force=True)
        self.assertEqual(stopped.state, "stopped")
        self.assertEqual(beta.environments.work.retrieve(item.id, environment_id=place.id).state, "stopped")
        self.assert_known(item, started, beat, stopped)
