from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.errors import InputError
from enrich_pandas.frame.columns import find_columns, position

PERSON = ("linkedin_url", "email")
URLS = ["linkedin.com/in/zoe-example", "https://www.linkedin.com/in/ada-example"]
MAILS = ["zoe@example.com", "ada@example.com"]


def found(frame: pd.DataFrame, **kwargs: Any) -> dict[str, Any]:
    return dict(find_columns(frame, PERSON, **kwargs).chosen)


@pytest.mark.parametrize(
    "label",
    [
        *(
            "Email",
            "email",
            "E-mail",
            "E-Mail Address",
            "work_email",
            "Work Email",
            "Primary Email",
        ),
        *("Email Address", "Contact Email", "Email (work)", "Person Business Email", "courriel"),
        *("E-mail 1 - Value", "personal_email", "Correo electrónico", "EMAIL_ADDRESS"),
    ],
)
def test_email_column_is_found_by_name(label: str) -> None:
    columns = find_columns(pd.DataFrame({"Tier": ["A", "B"], label: MAILS}), PERSON)
    assert columns.chosen == {"email": label}
    assert columns.how == {"email": "name"}


@pytest.mark.parametrize(
    "label",
    [
        *("LinkedIn", "linkedin_profile_url", "LI URL", "LI profile", "Person Linkedin Url"),
        *("LinkedIn Profile", "linkedin url", "Contact LinkedIn Profile URL", "LinkedInURL"),
        *("LinkedIn Public Profile", "linkedin-link", "Personal LinkedIn", "profil LinkedIn"),
    ],
)
def test_linkedin_column_is_found_by_name(label: str) -> None:
    assert found(pd.DataFrame({"Tier": ["A", "B"], label: URLS})) == {"linkedin_url": label}


@pytest.mark.parametrize(
    ("label", "identifier"),
    [
        ("Company", "company"),
        ("Account Name", "company"),
        ("employer", "company"),
        ("Website", "domain"),
        ("Company Domain", "domain"),
        ("Company Linkedin Url", "company_linkedin_url"),
        ("Full Name", "name"),
    ],
)
def test_other_identifiers_are_found_by_name(label: str, identifier: str) -> None:
    cells = ["https://www.company3.example"] if identifier == "domain" else ["Example Works"]
    every = ("linkedin_url", "email", "domain", "company_linkedin_url", "name", "company")
    assert find_columns(pd.DataFrame({label: cells}), every).chosen == {identifier: label}


def test_preferred_identifier_comes_first() -> None:
    frame = pd.DataFrame({"Email": MAILS, "LinkedIn": URLS})
    assert list(found(frame)) == ["linkedin_url", "email"]


def test_column_without_a_known_name_is_found_by_content() -> None:
    frame = pd.DataFrame({"a": ["x", "y"], "b": URLS, "n": [1, 2]})
    columns = find_columns(frame, PERSON)
    assert columns.chosen == {"linkedin_url": "b"}
    assert columns.how == {"linkedin_url": "content"}


def test_content_is_not_read_if_a_name_fits() -> None:
    # The column could hold addresses of managers, that is, of other people.
    assert found(pd.DataFrame({"LinkedIn": URLS, "chef": MAILS})) == {"linkedin_url": "LinkedIn"}


@pytest.mark.parametrize("label", ["Owner email", "Manager E-mail", "assigned_to_email"])
def test_columns_about_other_people_are_not_used(label: str) -> None:
    with pytest.raises(InputError, match="another person"):
        find_columns(pd.DataFrame({label: MAILS}), PERSON)


def test_columns_of_flags_are_not_used() -> None:
    frame = pd.DataFrame({"LinkedIn": ["yes", "no"], "url": URLS, "Email": [True, False]})
    columns = find_columns(frame, PERSON)
    assert columns.chosen == {"linkedin_url": "url"}
    assert columns.rejected == {
        "LinkedIn": "it holds yes/no flags",
        "Email": "it holds yes/no flags",
    }


def test_named_column_of_invalid_values_is_used() -> None:
    assert found(pd.DataFrame({"linkedin_url": ["https://lnkd.in/x"]})) == {
        "linkedin_url": "linkedin_url"
    }
    assert found(pd.DataFrame({"email": [1, 2]})) == {"email": "email"}


def test_column_with_values_is_preferred_to_an_empty_one() -> None:
    frame = pd.DataFrame({"Email": [None, "n/a"], "Work Email": MAILS})
    columns = find_columns(frame, PERSON)
    assert columns.chosen == {"email": "Work Email"}
    assert "Email" in columns.rejected


def test_misnamed_column_is_found_by_content() -> None:
    assert found(pd.DataFrame({"LinkedIn": MAILS})) == {"email": "LinkedIn"}


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"Email": MAILS, "Work Email": MAILS, "LinkedIn": URLS}),
        pd.DataFrame({"Email": MAILS, "email ": MAILS}),
        pd.DataFrame({"a": MAILS, "b": MAILS}),
    ],
)
def test_ambiguous_columns_raise_an_error_naming_both(frame: pd.DataFrame) -> None:
    with pytest.raises(InputError) as raised:
        find_columns(frame, PERSON)
    first, second = frame.columns[:2]
    assert f"{first!r}, {second!r}" in raised.value.what
    assert f"'email': {first!r}" in raised.value.todo
    assert raised.value.cost == "Nothing was spent."


def test_error_suggests_valid_code() -> None:
    frame = pd.DataFrame({"Email": MAILS, "Work Email": MAILS, "LinkedIn": URLS})
    with pytest.raises(InputError, match="on=") as raised:
        find_columns(frame, PERSON)
    assert (
        raised.value.todo
        == "Choose one, for example on={'linkedin_url': 'LinkedIn', 'email': 'Email'}."
    )


def test_on_uses_only_the_named_columns() -> None:
    frame = pd.DataFrame({"LinkedIn": URLS, "Mine": URLS, "Email": MAILS})
    columns = find_columns(frame, PERSON, on={"linkedin_url": "Mine"})
    assert columns.chosen == {"linkedin_url": "Mine"}
    assert columns.how == {"linkedin_url": "on="}
    assert found(frame, on={"email": "Email", "linkedin_url": "Mine"}) == {
        "linkedin_url": "Mine",
        "email": "Email",
    }


def test_on_with_one_label_infers_its_identifier() -> None:
    frame = pd.DataFrame({"x": MAILS, "LI URL": ["?", "?"], "y": ["?", "?"]})
    assert found(frame, on="x") == {"email": "x"}
    assert found(frame, on="LI URL") == {"linkedin_url": "LI URL"}
    with pytest.raises(InputError, match="Neither the label nor the content"):
        found(frame, on="y")
    assert find_columns(frame, ["email"], on="y").chosen == {"email": "y"}


@pytest.mark.parametrize(
    "on",
    [
        0,
        -1,
        "Emial",
        ["Email"],
        {"email": "Emial"},
        {"email": 0},
        {"email": ["Email"]},
        str.lower,
        {},
        {"mail": "Email"},
        {"email": None},
        pd.NA,
        float("nan"),
    ],
    ids=repr,
)
def test_on_with_an_unknown_label_raises(on: Any) -> None:
    with pytest.raises(InputError):
        found(pd.DataFrame({"Email": MAILS}), on=on)


def test_error_suggests_a_similar_label() -> None:
    frame = pd.DataFrame({"Work Email": MAILS})
    with pytest.raises(InputError, match="Did you mean 'Work Email'"):
        found(frame, on={"email": "work mail"})
    with pytest.raises(InputError, match=r"on=\{'email': 'Emial address'\}"):
        found(pd.DataFrame({"Emial address": ["?"]}))


def test_on_accepts_a_numeric_label_of_the_frame() -> None:
    assert found(pd.DataFrame([MAILS, MAILS]), on={"email": 1}) == {"email": 1}


def test_duplicate_label_raises_an_error_naming_it() -> None:
    frame = pd.DataFrame([[*MAILS, "A"]], columns=["Email", "Email", "Tier"])
    for on in (None, "Email", {"email": "Email"}):
        with pytest.raises(InputError, match="2 columns named 'Email'"):
            found(frame, on=on)


def test_duplicate_labels_of_other_columns_are_allowed() -> None:
    frame = pd.DataFrame([["A", "B", "zoe@example.com"]], columns=["Tier", "Tier", "Email"])
    assert found(frame) == {"email": "Email"}


def test_multiindex_label_is_read_as_one_name() -> None:
    frame = pd.DataFrame({("contact", "Email"): MAILS, ("contact", "x"): [1, 2]})
    assert found(frame) == {"email": ("contact", "Email")}
    assert found(frame, on=("contact", "Email")) == {"email": ("contact", "Email")}
    with pytest.raises(InputError):
        found(frame, on="contact")


def test_ignored_columns_are_not_used() -> None:
    frame = pd.DataFrame({"email": MAILS, "person_email_1": MAILS})
    assert found(frame, ignore={"person_email_1"}) == {"email": "email"}


def test_error_without_identifiers_lists_the_columns() -> None:
    with pytest.raises(InputError, match="'Tier', 'Score'"):
        found(pd.DataFrame({"Tier": ["A"], "Score": [1]}))
    with pytest.raises(InputError, match="no columns"):
        found(pd.DataFrame())


def test_columns_of_an_empty_frame_are_found_by_name() -> None:
    assert found(pd.DataFrame({"Email": [], "LinkedIn": []})) == {
        "linkedin_url": "LinkedIn",
        "email": "Email",
    }


def test_at_most_a_hundred_cells_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(
        "enrich_pandas.frame.columns.canonical", lambda *args: read.append(args) or (None, "syntax")
    )
    find_columns(pd.DataFrame({"Email": MAILS * 10_000}), PERSON)
    assert len(read) <= 500


def test_position_is_found_among_unusual_labels() -> None:
    frame = pd.DataFrame(
        [range(5)], columns=pd.Index([pd.NA, None, 1.5, ("a",), "x"], dtype=object)
    )
    assert position(frame, "x") == 4


LABELS = st.one_of(
    st.text(max_size=8), st.integers(), st.none(), st.sampled_from(["Email", "LI URL"])
)
CELLS = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from([*MAILS, *URLS, "yes", pd.NA, b"x", 1, True, [1]]),
)


@settings(deadline=None)
@given(
    st.dictionaries(LABELS, st.lists(CELLS, min_size=2, max_size=2), max_size=4),
    st.one_of(st.none(), LABELS, st.dictionaries(st.sampled_from(["email", "x"]), LABELS)),
)
def test_any_frame_gives_its_labels_or_an_error(data: dict[Any, Any], on: Any) -> None:
    frame = pd.DataFrame({label: pd.Series(cells, dtype=object) for label, cells in data.items()})
    before = frame.copy(deep=True)
    with suppress(InputError):
        columns = find_columns(frame, PERSON, on=on)
        assert columns.chosen
        assert set(columns.chosen) <= set(PERSON)
        assert all(position(frame, label) >= 0 for label in columns.chosen.values())
        assert not {*columns.rejected} & {*columns.chosen.values()}
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("dtype", ["object", "string", "category", "Sparse[object]"])
def test_content_is_read_in_every_text_dtype(dtype: Any) -> None:
    frame = pd.DataFrame({"a": pd.Series([*MAILS, None], dtype=dtype), "b": np.arange(3)})
    assert found(frame) == {"email": "a"}


def test_email_column_serves_as_email_domain():
    frame = pd.DataFrame({"Work Email": ["ada@company1.example"], "Company": ["Example"]})
    found = find_columns(frame, ["domain", "email_domain", "company"])
    assert found.chosen == {"email_domain": "Work Email", "company": "Company"}
