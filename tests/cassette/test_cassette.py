"""The file of a cassette: written contents are read back, also by vcrpy."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import vcr
from hypothesis import given, settings, strategies as st

import enrich_pandas as ep
from enrich_pandas.cassette.file import Interaction, Recording, load, save
from enrich_pandas.cassette.recording import Cassette, key_of
from enrich_pandas.providers.base import Identity

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(str.encode)
MOMENTS = st.floats(1e9, 2e9).map(lambda at: round(at, 6))
INTERACTIONS = st.builds(
    Interaction,
    method=st.sampled_from(["GET", "POST"]),
    uri=st.sampled_from(["https://api.example.com/a?b=%C3%A9", "https://api.example.com/"]),
    body=TEXTS,
    batch=st.lists(st.emails(), max_size=2).map(lambda s: tuple(Identity.of(email=e) for e in s)),
    status=st.sampled_from([0, 200, 204, 404]),
    headers=st.dictionaries(st.sampled_from(["content-type", "date"]), st.just("x y; z")),
    answer=TEXTS,
    sent=MOMENTS,
    received=MOMENTS,
    cut=st.sampled_from(["", "lost"]),
)


@given(st.lists(INTERACTIONS, max_size=5), st.sampled_from([".yaml", ".json"]))
@settings(max_examples=60, deadline=None)
def test_written_cassette_is_read_by_us_and_vcrpy(interactions, suffix):
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"cassette{suffix}"
        save(path, Recording(interactions=interactions, as_of=1e9))
        found = load(path).interactions
        serializer = vcr.serializers.jsonserializer if suffix == ".json" else None
        theirs = vcr.cassette.Cassette.load(path=str(path), serializer=serializer).data
        assert [file.name for file in Path(folder).iterdir()] == [path.name]
    key = lambda one: (one.uri, one.method, one.body, one.sent)  # noqa: E731 - the order in the file
    assert found == sorted(interactions, key=key)
    assert [answer["body"]["string"] for _, answer in theirs] == [one.answer for one in found]


@pytest.mark.parametrize("answer", [b"\xff\xfe\x00\x01", b"\x1f\x8b\x08\x00"])
def test_binary_answer_is_accepted_by_yaml_only(tmp_path, answer):
    one = Interaction(method="GET", uri="https://a.example/", status=200, answer=answer)
    binary = Recording(interactions=[one])
    save(tmp_path / "x.yaml", binary)
    assert load(tmp_path / "x.yaml").interactions == binary.interactions
    with pytest.raises(ep.ConfigurationError, match=r"\.yaml"):
        save(tmp_path / "x.json", binary)
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize("how", ["apply", "new"])
def test_code_in_a_cassette_is_not_executed(tmp_path, how):
    made = tmp_path / "made"
    tag = f'!!python/object/{how}:os.mkdir ["{made}"]'
    (tmp_path / "x.yaml").write_text(f"interactions: {tag}\nversion: 1\n")
    with pytest.raises(ep.ReplayError, match="cannot be read"):
        load(tmp_path / "x.yaml")
    assert not made.exists()


def test_answers_are_returned_in_order_and_last_repeats(tmp_path):
    one, two, busy = (
        Interaction(method="GET", uri="https://a.example/x", status=status, sent=sent)
        for status, sent in ((200, 3.0), (200, 1.0), (429, 2.0))
    )
    cassette = Cassette(
        tmp_path / "x.yaml", Recording(interactions=[one, two, busy]), is_offline=True
    )
    key = key_of("GET", "https://A.example:443/x", b"")
    assert [cassette.take(key) for _ in range(4)] == [two, one, one, one]
    assert cassette.take(key_of("POST", "https://a.example/x", b"")) is None
