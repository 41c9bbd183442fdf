"""Cassettes: the same code returns the same frame, offline, without key and cost."""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
import pytest_socket
import requests
import vcr

import enrich_pandas as ep
from enrich_pandas.engine.context import current_environment
from enrich_pandas.providers.base import RateLimit
from tests.canaries import unwatched

FIELDS = ["name", "title", "company", "emails"]
LEADS = pd.DataFrame(
    {
        "LinkedIn": [f"linkedin.com/in/ada-example-{n}" for n in range(60)],
        "Note": [f"note {n % 7}" for n in range(60)],
    },
    index=[f"row {n % 50}" for n in range(60)],
)
CRM = pd.DataFrame({"LinkedIn": LEADS["LinkedIn"][:10], "Job Title": "Keeper"})
CASCADE = [ep.Directory(CRM), ep.Crustdata()]


def people(frame=LEADS, provider="crustdata", **options):
    return ep.people(frame, provider, **{"fields": "all", "progress": None, **options})


def stranger(frame, position=17):
    column = frame.columns.get_loc("LinkedIn")
    changed = frame.copy()
    changed.iloc[position, column] = "linkedin.com/in/stranger-no-such-person-knows"
    return changed


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Record two calls; return the cassette, the frames and the ledger."""
    path = tmp_path_factory.mktemp("made") / "report.yaml"
    journal = path.with_name("live.sqlite")
    with ep.sandbox(journal=journal) as box, ep.replay(path, mode="once"):
        frames = people(), people(provider=CASCADE, fields=FIELDS, sources=True)
        runs, report = ep.runs(), ep.last_report()
    return path, frames, runs, report, box.ledger


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.delenv("CRUSTDATA_API_KEY", raising=False)
    pytest_socket.disable_socket()
    yield
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"])


# Replay


def test_replay_returns_equal_frames_without_network_and_key(made, no_network):
    path, (plain, cascaded), *_ = made
    with ep.replay(path):
        pd.testing.assert_frame_equal(people(), plain, check_exact=True)
        pd.testing.assert_frame_equal(
            people(provider=CASCADE, fields=FIELDS, sources=True), cascaded, check_exact=True
        )
    assert set(plain["person_status"]) == {"matched", "not_found"}


def test_replay_has_the_runs_and_reports_of_the_recording(made):
    path, (plain, _), runs, report, _ = made
    facts = ["provider", "kind", "rows", "identities", "status", "credits", "credits_planned"]
    facts += ["requests"]
    with ep.replay(path):
        people(), people(provider=CASCADE, fields=FIELDS, sources=True)
        assert ep.runs()[facts].to_dict() == runs[facts].to_dict()
        rows = ep.run(ep.runs()["run"].iloc[-1]).rows
        replayed = ep.last_report()
    assert replayed.providers.drop(columns="run").equals(report.providers.drop(columns="run"))
    pd.testing.assert_frame_equal(replayed.to_frame(), report.to_frame())
    assert rows["person_name"].tolist() == plain["person_name"].tolist()


def test_report_of_a_replay_states_the_recorded_cost(made):
    path, _, runs, *_ = made
    with ep.replay(path) as cassette:
        report = people().enrich.report()
    date = pd.Timestamp(cassette.as_of, unit="s", tz="UTC")
    said, credits_ = repr(report.page()), runs["credits"].iloc[-1]
    assert f"from a recording of {date:%Y-%m-%d %H:%M} UTC" in said
    assert "a replay spends nothing" in said
    assert "a second" not in said  # a replay has no speed
    assert f"{credits_:g} credits spent when it was recorded" in repr(report)
    assert report.credits == credits_ <= report.credits_planned
    assert report.saved_by_stored == 0
    assert abs(report.runs["as_of"].iloc[0] - date) < pd.Timedelta(seconds=1)


def test_plan_of_a_replay_counts_recorded_rows(made):
    with ep.replay(made[0]):
        plan, altered = ep.plan(LEADS), ep.plan(stranger(LEADS))
    assert (sum(plan.recorded.values()), plan.stored, plan.unrecorded) == (60, {}, 0)
    assert plan.saved_by_recording == 60
    assert (altered.unrecorded, altered.requests, altered.credits) == (1, 0, 0)
    assert "1  not in the recording; the call raises an error that names the rows" in repr(altered)


def test_new_episodes_plan_counts_recorded_rows_as_free(made, tmp_path):
    path = tmp_path / "added.yaml"
    path.write_bytes(made[0].read_bytes())
    with ep.sandbox(journal=tmp_path / "own.sqlite"), ep.replay(path, mode="new_episodes"):
        report = people(stranger(LEADS)).enrich.report()
    assert (report.saved_by_recording, report.credits_planned, report.saved_by_stored) == (59, 1, 0)
    assert "when it was recorded" not in repr(report)


def test_replay_needs_no_confirmation_and_costs_nothing(made, monkeypatch):
    monkeypatch.setattr(ep.options, "confirm_above", 1.0)
    with ep.replay(made[0]):
        plan = ep.plan(LEADS)
        people()
    assert (plan.requests, plan.credits) == (0, 0)


def test_replay_of_changed_row_sets_gives_equal_rows(made):
    path, (plain, _), *_ = made
    order = [40, 3, 3, 59, 17]
    with ep.replay(path):
        some = people(LEADS.iloc[order])
    pd.testing.assert_frame_equal(some, plain.iloc[order], check_exact=True)


def test_replay_in_many_threads_gives_equal_frames(made):
    path, (plain, _), *_ = made
    with ep.replay(path), ThreadPoolExecutor(8) as pool:
        frames = list(pool.map(lambda _: people(), range(8)))
    for frame in frames:
        pd.testing.assert_frame_equal(frame, plain, check_exact=True)


def test_two_replays_in_two_threads_are_independent(made, tmp_path):
    (path, (plain, _), *_), other = made, tmp_path / "other.yaml"
    with ep.sandbox(seed=1), ep.replay(other, mode="once"):
        expected = people()
    both = threading.Barrier(2)

    def replayed(recording):
        with ep.replay(recording):
            both.wait()
            return people()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(replayed, [path, other])
    assert first.equals(plain)
    assert second.equals(expected)
    assert not first.equals(second)


def test_inner_replay_overrides_the_outer_one(made, tmp_path):
    path, (plain, _), *_ = made
    with ep.replay(path):
        with pytest.raises(ep.ReplayError), ep.replay(tmp_path / "none.yaml"):
            pass
        with ep.sandbox(misses=0):
            assert set(people()["person_status"]) == {"matched"}
        assert people().equals(plain)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_process_replays(made):
    path, (plain, _), *_ = made
    with ep.replay(path):
        child = os.fork()
        if child == 0:
            os._exit(0 if people().equals(plain) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert people().equals(plain)


def test_repeated_request_of_a_call_is_replayed(tmp_path):
    path, one = tmp_path / "twice.yaml", LEADS.iloc[:3]
    with ep.sandbox(misses=0), ep.replay(path, mode="all"):
        first, again = people(one), people(one, max_age="0D")
        nested = people(one, layout="nested")
    assert (first["person_fetched_at"] < again["person_fetched_at"]).all()
    with ep.replay(path):
        for _ in range(2):  # stored the second time, as in the recording
            assert people(one).equals(first)
        for _ in range(2):  # the last answer is repeated
            assert people(one, max_age="0D").equals(again)
            assert people(one, layout="nested").equals(nested)


# Missing rows


@pytest.mark.parametrize("provider", ["crustdata", CASCADE])
def test_altered_row_raises_with_its_position_only(made, provider):
    path, (plain, _), *_ = made
    with ep.replay(path), pytest.raises(ep.ReplayError) as caught:
        people(stranger(LEADS), provider, fields=FIELDS)
    error = caught.value
    assert error.rows == [17]
    assert "1 row is not in the cassette" in error.what
    assert "position 17, requested by linkedin_url with POST /person/enrich" in error.what
    assert 'mode="new_episodes"' in error.todo
    assert "stranger" not in str(error)
    others = error.result.drop(error.result.index[17])["person_name"]
    assert others.tolist() == plain.drop(plain.index[17])["person_name"].tolist()


def test_other_options_raise_for_all_rows(made):
    with ep.replay(made[0]), pytest.raises(ep.ReplayError) as caught:
        people(provider=ep.Crustdata(business_email=True))
    assert caught.value.rows == list(range(60))
    assert "and 50 more" in str(caught.value)


def test_new_episodes_requests_only_missing_rows(made, tmp_path):
    path, (plain, _), *_ = made
    mine = tmp_path / "mine.yaml"
    mine.write_bytes(path.read_bytes())
    with ep.sandbox() as box, ep.replay(mine, mode="new_episodes"):
        assert ep.plan(stranger(LEADS)).requests == 1
        added = people(stranger(LEADS))
    assert box.ledger["identity"].str.contains("stranger").tolist() == [True]
    with ep.replay(mine):
        assert people(stranger(LEADS)).equals(added)
        assert people().equals(plain)


def test_rows_over_budget_are_skipped_in_the_replay(tmp_path):
    path = tmp_path / "budget.yaml"
    warned = pytest.warns(UserWarning, match=r"20 identities are not in .*budget\.yaml")
    with warned, ep.sandbox(misses=0), ep.replay(path, mode="once"):
        before = people(budget=40)
    assert (before["person_status"] == "skipped").sum() == 20
    with ep.replay(path):
        assert people(budget=40).equals(before)


# Recording


def test_stored_answers_are_recorded_without_cost(made, tmp_path):
    path, live = tmp_path / "later.yaml", made[0].with_name("live.sqlite")
    with ep.sandbox(journal=live) as box, ep.replay(path, mode="once"):
        before = people(LEADS.iloc[5:20])
    assert box.ledger.empty
    with ep.replay(path):
        assert people(LEADS.iloc[5:20]).equals(before)


def test_failed_block_keeps_cassette_and_paid_answers(made, tmp_path):
    path = tmp_path / "all.yaml"
    path.write_bytes(made[0].read_bytes())
    with ep.sandbox(misses=0) as box:
        with contextlib.suppress(ZeroDivisionError), ep.replay(path, mode="all"):
            people(LEADS.iloc[:5]).attrs["mean"] = 1 / 0  # an error in the report
        assert path.read_bytes() == made[0].read_bytes()
        with ep.replay(path, mode="all"):
            people(LEADS.iloc[:5])
        assert len(box.ledger) == 5
    assert len(list(tmp_path.iterdir())) == 1
    with ep.replay(path) as recording:
        assert repr(recording) == "<cassette all.yaml: 1 answers>"


def test_cassette_is_private_and_independent_of_order(made, tmp_path):
    path, live = made[0], made[0].with_name("live.sqlite")
    assert path.stat().st_mode & 0o777 == 0o600
    files = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    with ep.sandbox(journal=live):
        runs = [run for run in ep.runs()["run"] if ep.run(run).provider == "crustdata"]
        for file, order in zip(files, (runs, runs[::-1]), strict=True):
            for run in order:
                ep.run(run).freeze(file)
    times = re.compile(r"'20\d\d-.*'")  # the time of the recording differs
    one, two = (times.sub("", file.read_text()) for file in files)
    assert one == two


def test_invalid_mode_raises(tmp_path):
    with pytest.raises(ep.ConfigurationError, match="new_episodes"), ep.replay("x.yaml", "any"):
        pass


def test_missing_cassette_raises_with_the_command(tmp_path):
    with pytest.raises(ep.ReplayError, match='mode="once"'), ep.replay(tmp_path / "x.yaml"):
        pass
    assert current_environment().cassette is None


@pytest.mark.parametrize("damage", ["cut", "no_yaml", "a_list", "no_text", "an_older_one"])
def test_damaged_cassette_raises_without_its_text(made, tmp_path, damage):
    path, text = tmp_path / "damaged.yaml", made[0].read_text()
    path.write_bytes(
        {
            "cut": text[: len(text) // 2].encode(),
            "no_yaml": b"interactions: [ada-example: {",
            "a_list": b"- ada-example",
            "no_text": b"\xff\xfe\x00ada-example",
            "an_older_one": b"[{request: ada-example, response: 1}]",
        }[damage]
    )
    with pytest.raises(ep.ReplayError, match="cannot be read") as caught, ep.replay(path):
        pass
    assert "ada-example" not in str(caught.value)


# Vcrpy


def played_by_vcrpy(path):
    return vcr.use_cassette(str(path), record_mode="none", match_on=["method", "uri", "body"])


def test_vcrpy_replays_the_file_to_any_client(made):
    with unwatched("vcr"), played_by_vcrpy(made[0]) as cassette:
        interactions = list(cassette.data)
        for asked, answer in interactions:
            got = requests.request(
                asked.method, asked.uri, data=asked.body, headers=asked.headers, timeout=60
            )
            assert got.content == answer["body"]["string"]
    assert len(interactions) == 3


def test_vcrpy_replays_the_file_to_this_library(made):
    path, (plain, _), *_ = made
    provider = ep.Crustdata(api_key="made-up-key", connections=1)
    with unwatched("vcr"), played_by_vcrpy(path):
        played = people(provider=provider)
    names = [name for name in plain if name != "person_fetched_at"]
    pd.testing.assert_frame_equal(played[names], plain[names], check_exact=True)


def test_cassette_recorded_by_vcrpy_is_replayed(made, tmp_path):
    path, (plain, _), *_ = made
    other = tmp_path / "vcrpy.json"
    with path.open() as file:
        data = vcr.serializers.yamlserializer.deserialize(file.read())
    for one in data["interactions"]:
        for side in one.values():
            side["headers"] = {k: v for k, v in side["headers"].items() if "enrich" not in k}
    other.write_text(json.dumps(data))
    with ep.replay(other):
        played = people()
        age = played["person_fetched_at"] - plain["person_fetched_at"]
        assert (age.abs() < pd.Timedelta("5min")).all()  # from the vendor's Date header
        with pytest.raises(ep.ReplayError, match="position 0"):
            people(stranger(LEADS).iloc[[17]])
    names = [name for name in plain if name != "person_fetched_at"]
    pd.testing.assert_frame_equal(played[names], plain[names], check_exact=True)


# Personal data


def without_names(said):
    return [{**one, "matches": _nameless(one["matches"])} for one in said]


def _nameless(matches):
    for match in matches:
        match["person_data"]["basic_profile"]["name"] = "redacted"
    return matches


def test_redact_changes_the_recorded_answers(tmp_path):
    path = tmp_path / "shared.yaml"
    with ep.sandbox(misses=0), ep.replay(path, mode="once", redact=without_names):
        before = people(LEADS.iloc[:5])
    with ep.replay(path):
        after = people(LEADS.iloc[:5])
    assert set(after["person_name"]) == {"redacted"}
    assert after["person_title"].equals(before["person_title"])
    assert not [name for name in before["person_name"] if name in path.read_text()]


def test_suppressed_person_is_not_in_cassette_or_replay(tmp_path):
    path, provider = tmp_path / "removed.yaml", ep.Amplemarket(api="single")
    with ep.sandbox(misses=0.1):
        ep.suppress(["linkedin.com/in/ada-example-50"])
        with ep.replay(path, mode="once"):
            before = people(LEADS.iloc[49:53], provider)
    assert before["person_status"].tolist() == ["matched", "suppressed", "removed", "matched"]
    with ep.replay(path):
        assert people(LEADS.iloc[49:53], provider).equals(before)
    assert "ada-example-49" in path.read_text()
    assert "ada-example-50" not in path.read_text()
    assert "ada-example-51" not in path.read_text()


# Export of past runs


def test_exported_run_replays_equal_frames(made, tmp_path):
    path, frames, *_ = made
    exported, live = tmp_path / "exported.json", path.with_name("live.sqlite")
    with ep.sandbox(journal=live) as box:
        runs = ep.runs()
        for run in runs.loc[runs["provider"] == "crustdata", "run"]:
            ep.run(run).freeze(exported)
            ep.run(run).freeze(exported)  # a second export adds nothing
    assert box.requests.empty
    with ep.replay(exported):
        assert people().equals(frames[0])
    assert len(json.loads(exported.read_text())["interactions"]) == 3


def test_lost_answer_is_lost_in_the_replay(tmp_path):
    path = tmp_path / "lost.yaml"
    with ep.sandbox(misses=0) as box, ep.replay(path, mode="once"):
        box.fault("crustdata", "submit", "drop_after_accept", times=1)
        before = people()
    assert (before["person_status"] == "held").sum() in (10, 25)
    with ep.replay(path):
        assert people().equals(before)
        assert len(ep.run(ep.runs()["run"][0]).held) == (before["person_status"] == "held").sum()


def test_run_without_raw_answers_cannot_be_exported(tmp_path):
    crm = ep.Directory(CRM)
    with ep.sandbox():
        people(LEADS.iloc[:2], crm)
        run = ep.run(ep.runs()["run"][0])
        with pytest.raises(ep.InputError, match="has no raw answers"):
            run.freeze(tmp_path / "x.yaml", provider=crm)


# Large and killed recordings

KILLED = """
import os, pandas as pd, enrich_pandas as ep
from enrich_pandas.providers.base import RateLimit
leads = pd.DataFrame({{"LinkedIn": [f"linkedin.com/in/ada-example-{{n}}" for n in range(500)]}})
provider = ep.Crustdata(connections=2, rate=RateLimit(1000, 1))
def hook(now):
    if now.credits >= {limit}:
        os._exit(9)
with ep.sandbox(url={url!r}, journal={journal!r}), ep.replay({path!r}, mode="once"):
    ep.people(leads, provider, progress=hook)
"""


@pytest.mark.slow
def test_killed_recording_is_finished_without_second_charge(
    tmp_path,
):
    path, journal = tmp_path / "report.yaml", tmp_path / "journal.sqlite"
    with ep.sandbox(misses=0, latency=0.2, process=True) as box:
        for limit, code in ((100, 9), (10_000, 0)):
            text = KILLED.format(
                limit=limit, url=box.url("crustdata"), journal=str(journal), path=str(path)
            )
            assert subprocess.run([sys.executable, "-c", text], check=False).returncode == code
            assert path.exists() == (code == 0)
        ledger = box.ledger
    assert ledger["identity"].is_unique
    frame = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/ada-example-{n}" for n in range(500)]})
    with ep.replay(path):
        found = people(frame)
    counts = found["person_status"].value_counts()
    assert counts["matched"] <= len(ledger) <= counts["matched"] + counts.get("held", 0)
    assert counts.sum() == counts["matched"] + counts.get("held", 0) == 500


@pytest.mark.slow
def test_400_large_answers_are_recorded_and_replayed(tmp_path):
    path = tmp_path / "report.yaml"
    frame = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/ada-example-{n}" for n in range(10_000)]})
    provider = ep.Crustdata(connections=16, rate=RateLimit(100_000, 1))
    with ep.sandbox(latency=0.1, process=True) as box, ep.replay(path, mode="once"):
        before = people(frame, provider)
    assert box.requests["method"].eq("POST").sum() == 400  # besides one for the balance
    assert path.stat().st_size > 400 * 50_000
    with ep.replay(path) as recording:
        assert repr(recording) == "<cassette report.yaml: 400 answers>"
        assert people(frame, provider).equals(before)
    with unwatched("vcr"):
        assert vcr.cassette.Cassette.load(path=str(path)).requests
