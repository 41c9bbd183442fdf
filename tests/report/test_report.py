"""The report on a call: its figures, its tables and its page."""

import gc

import numpy as np
import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.report import provenance
from enrich_pandas.report.provenance import _last, _reports
from tests.report.pages import DOCUMENT, ELEMENTS, XSS, Page

LEADS = pd.DataFrame(
    {"Email": [f"p{n % 20}@company{n % 20}.example" for n in range(24)] + ["n/a", None]},
    index=[f"row-{n}" for n in range(26)],
)

BOTH = ["crustdata", ep.Crustdata(api="screener")]


@pytest.fixture
def misses():
    with ep.sandbox(misses=0.3, seed=4) as box:
        yield box


def enriched(provider="crustdata", leads=LEADS, **options):
    return leads.enrich.people(provider, progress=None, **options)


def test_figures_equal_the_frame_and_the_ledger(misses):
    people = enriched()
    report = people.enrich.report()
    status = people["person_status"]
    assert report.counts.to_dict() == status.value_counts().to_dict()
    assert report.match_rate == (status == "matched").sum() / 24
    assert report.credits == misses.ledger["credits"].sum()
    assert report.credits_held == 0
    assert report.credits_planned == 20
    assert report.saved_by_duplicates == 4
    assert report.saved_by_stored == 0
    fill = report.fill.set_index("field")
    hits = people[status == "matched"]
    assert fill.loc["title", "filled"] == hits["person_title"].notna().sum()
    assert fill.loc["experiences", "filled"] == (hits["person_experience_count"] > 0).sum()
    assert fill.loc["name", "share"] == 1
    reasons = report.reasons.set_index(["status", "reason"])
    assert reasons.loc[("invalid", "email:placeholder"), "labels"] == ["row-24"]
    assert reasons["rows"].sum() + (status == "matched").sum() == len(people)
    assert report.requests["requests"].sum() == len(misses.requests)
    run = report.runs.iloc[0]
    assert (run["run"], run["api_version"]) == (ep.runs()["run"][0], ep.Crustdata().version)
    assert ep.last_report() is report


def test_repeated_call_reports_savings_by_stored_answers(misses):
    enriched()
    again = enriched().enrich.report()
    assert again.credits == 0
    assert again.saved_by_stored == 20


@pytest.mark.parametrize("layout", ["nested", "tables"])
def test_fill_rates_are_equal_in_each_layout(misses, layout):
    wide = enriched().enrich.report().fill
    enriched(layout=layout)
    pd.testing.assert_frame_equal(ep.last_report().fill, wide)


def test_runs_are_found_after_filter_merge_and_file(misses, tmp_path):
    people = enriched()
    run = ep.runs()["run"][0]
    ep.people(pd.DataFrame({"Email": ["other@company9.example"]}), progress=None)
    hits = people[people["person_status"] == "matched"].merge(LEADS.reset_index(), on="Email")
    hits.to_csv(tmp_path / "hits.csv", index=False)
    back = pd.read_csv(tmp_path / "hits.csv")
    report = back.enrich.report()
    assert report.counts.to_dict() == {"matched": len(hits)}
    assert report.runs["run"].tolist() == [run]
    assert report.credits == 20 - (20 - people.enrich.report().credits)
    table = ep.provenance(back)
    assert table["rows"].sum() == len(back)
    assert set(table["run"]) == {run}
    times = pd.to_datetime(back["person_fetched_at"])
    keys = pd.DataFrame({"provider": back["person_provider"], "fetched_at": times})
    joined = keys.merge(table, on=["provider", "fetched_at"])
    assert len(joined) == len(back)


def test_answers_unknown_to_the_journal_have_no_run(misses):
    people = enriched()
    with ep.sandbox():
        assert ep.provenance(people)["run"].isna().all()
        assert people.head(9).enrich.report().credits == 0


def test_runs_of_all_providers_of_a_row_are_found(misses):
    people = enriched(BOTH, fields=["name", "skills"])
    table = ep.provenance(people)
    assert set(table["run"].dropna()) <= set(ep.runs()["run"])
    assert table["run"].notna().all()


def test_several_results_need_a_prefix(misses):
    both = enriched(fields=["name"]).enrich.companies(progress=None, fields=["name"])
    assert both.enrich.report(prefix="company_").summary.kind == "companies"
    with pytest.raises(ep.InputError, match="'company_', 'person_'"):
        both.enrich.report()
    with pytest.raises(ep.InputError, match="holds no result"):
        LEADS.enrich.report()
    with pytest.raises(ep.InputError, match="not dict"):
        ep.report_on({})


def test_report_is_dropped_with_its_frame(misses):
    people = enriched(fields=["name"])
    key = (id(people), "person_")
    assert key in _reports
    del people
    gc.collect()
    assert key not in _reports


def test_result_is_summarized_when_its_report_is_read(misses, monkeypatch):
    def summarize(*arguments):
        made.append(arguments)
        return real(*arguments)

    made, real = [], provenance.summarize
    monkeypatch.setattr(provenance, "summarize", summarize)
    people = enriched(fields=["name"])
    assert not made
    report = people.enrich.report()
    assert people.enrich.report() is ep.last_report() is report
    assert len(made) == 1


@pytest.mark.parametrize("layout", ["wide", "nested"])
def test_report_shows_the_result_as_it_was_returned(misses, layout):
    before = enriched(layout=layout).enrich.report()
    changed = enriched(layout=layout)
    changed.loc[:, "person_status"] = "failed"
    changed.loc["row-1", "person_name"] = None
    changed.index = changed.index.str.upper()
    del changed["person_title"]
    after = changed.enrich.report()
    assert after.summary == before.summary


def test_report_of_tables_shows_them_as_they_were_returned(misses):
    before = enriched(layout="tables")
    report = ep.last_report()
    changed = enriched(layout="tables")
    changed["people"]["person_status"] = "failed"
    changed["experiences"] = changed["experiences"].head(0)
    assert ep.last_report().summary == report.summary
    assert before.keys() == changed.keys()


def test_last_report_outlives_its_result_without_the_columns(misses):
    people = enriched(fields=["name"])
    (stored,) = _last
    assert stored._snapshot is not None
    expected = people["person_status"].value_counts().to_dict()
    del people
    gc.collect()
    assert stored._snapshot is None
    assert ep.last_report().counts.to_dict() == expected


def test_past_run_has_a_report(misses):
    before = enriched(max_age="0D").enrich.report()
    past = ep.run(ep.runs()["run"][0])
    enriched(max_age="0D")
    report = past.report
    assert report.summary.unit == "people"
    assert report.counts.sum() == 20
    assert report.counts["matched"] == before.credits
    assert report.credits == before.credits
    assert report.reasons["why"].tolist() == ["The vendor returned no match."]


def test_report_of_a_waterfall_has_more_tables(misses):
    people = enriched(BOTH, fields=["name", "skills"])
    report = people.enrich.report()
    assert report.providers["credits"].sum() == report.credits == misses.ledger["credits"].sum()
    page = Page.of(report._repr_html_())
    assert "Lift: rows that no other provider matched" in page.text


HOSTILE = pd.DataFrame(
    {
        XSS: ["x"],
        "person_name": [XSS],
        "person_status": ["failed"],
        "person_reason": [XSS],
        "person_provider": [XSS],
        "person_fetched_at": ["2026-01-01T00:00:00Z"],
    },
    index=[XSS],
)


@pytest.mark.parametrize(
    "html",
    [
        lambda: HOSTILE.enrich.report()._repr_html_(),
        HOSTILE.enrich._repr_html_,
        lambda: pd.DataFrame({XSS: ["a@example.com"]}, [XSS]).enrich.plan()._repr_html_(),
    ],
)
def test_text_never_becomes_markup(html):
    with ep.sandbox():
        page = Page.of(html())
    page.check_inert()
    assert "<img src=x" in page.text


def test_page_needs_no_color_script_or_outside_file(misses, tmp_path):
    report = enriched().enrich.report()
    report.to_html(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert text == report.to_html()
    page = Page.of(text)
    assert page.elements <= ELEMENTS | DOCUMENT
    assert not {"src", "href", "class", "id"} & page.attributes
    assert "var(--jp-ui-font-color1,var(--vscode-foreground,inherit))" in text
    (stack, *bars) = page.labels
    assert "2 invalid" in stack
    assert "name: 100 %" in bars


def test_repr_is_one_line(misses):
    text = repr(enriched().enrich.report())
    assert "\n" not in text
    assert ".to_html(path)" in text


def test_to_frame_returns_the_figures(misses):
    report = enriched().enrich.report()
    table = report.to_frame().set_index(["section", "item"])
    assert table.loc[("rows", "all"), "value"] == 26
    assert table.loc["rows"]["share"].sum() == pytest.approx(1)
    assert table.loc[("credits", "spent"), "value"] == report.credits


def test_plot_draws_on_given_or_new_axes(misses):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    report = enriched().enrich.report()
    axes = report.plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == report.fill["field"].tolist()
    widths = [bar.get_width() for bar in axes.patches]
    assert np.allclose(widths, report.fill["share"].to_numpy(float) * 100)
    _, mine = plt.subplots()
    assert report.plot("rows", ax=mine) is mine
    with pytest.raises(ep.ConfigurationError, match="what='pie' is not a figure"):
        report.plot("pie")
    plt.close("all")


def test_accessor_shows_its_methods_columns_and_result(misses):
    accessor = enriched(fields=["name"]).enrich
    page = Page.of(accessor._repr_html_())
    assert "email from 'Email'" in page.text
    assert "of 26 rows matched" in page.text
    assert "df.enrich.report()" in page.text
    assert "df.enrich.report()" in repr(accessor)
    nothing = Page.of(pd.DataFrame({"a": [1]}).enrich._repr_html_())
    assert "df.enrich.people" in nothing.text
