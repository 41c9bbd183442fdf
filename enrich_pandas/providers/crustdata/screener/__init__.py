"""Crustdata's older API, ``GET /screener/person/enrich`` and ``GET /screener/company``.

Sources: the pages "People Enrichment API" and "Company Enrichment API" of 2024-11-01.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from enrich_pandas.providers.base import Identity, Status
from enrich_pandas.providers.binding import Reading, company_keys, person_keys
from enrich_pandas.providers.crustdata.companies import STATES, bind_single_company, company_reading
from enrich_pandas.providers.crustdata.errors import error_texts, profile_keys, reading_of_error
from enrich_pandas.providers.crustdata.prices import SCREENER_COMPANY_PRICES, SCREENER_PRICES
from enrich_pandas.providers.crustdata.requests import (
    BATCH,
    EMPTY,
    MISSING,
    UNREADABLE,
    ApiVersion,
    CrustdataEndpoint,
    Flags,
    Price,
    RequestOptions,
    bind_single_without_data,
)
from enrich_pandas.providers.crustdata.screener.companies import (
    COMPANIES,
    Firm,
    named_company,
    named_in,
)
from enrich_pandas.providers.crustdata.screener.people import PEOPLE, Profile, business_emails_of
from enrich_pandas.providers.decoding import read, text, texts
from enrich_pandas.providers.records import Record


def query(
    parameter: str, values: Sequence[str], fields: Sequence[str] | None, flags: Flags
) -> Mapping[str, Mapping[str, str]]:
    """Return the query of a request, without the fields if they are the vendor's default."""
    named = {} if fields is None else {"fields": ",".join(fields)}
    on = {flag: "true" for flag, is_on in flags.items() if is_on}
    return {"params": {parameter: ",".join(values), **named, **on}}


# -- People --------------------------------------------------------------------------------------


def _person_flags(options: RequestOptions, _name: str) -> Flags:
    return {
        "enrich_realtime": options.realtime,
        "force_fetch": options.force_fetch,
        "preview": options.preview,
    }


def read_person(raw: bytes, price: Price) -> Reading:
    """Parse an element: a person, or an error instead of one.

    Parameters
    ----------
    raw
        The element: an object, or a text with an error's message.
    price
        Returns the credits of a person from the extras that the answer holds.
    """
    if raw[:1] == b'"':
        return _missed(Profile(error=msgspec.json.decode(raw)))
    profile, _ = PEOPLE.read_head(raw)
    if profile is None:
        return UNREADABLE
    if not _has_person(profile) and any(_errors(profile)):
        return _missed(profile)
    record, claims = Record(PEOPLE, raw), _claims(profile)
    business = list(business_emails_of(profile))
    is_known = text(profile.name) or text(profile.headline) or business
    if not is_known and _is_empty(record):  # "an empty response is returned for those entries"
        return _empty(claims)
    return Reading(
        status=Status.MATCHED,
        claims=[*claims, person_keys([*business, *texts(profile.email, separator=",")])],
        model=record,
        credits=price({"business_email"} if business else ()),
    )


def _bind_single_email(batch: Sequence[Identity], readings: Sequence[Reading]) -> Reading | None:
    """Return the only element for the only e-mail address, which is never echoed."""
    is_email = len(batch) == 1 and batch[0].get("linkedin_url") is None
    return (
        readings[0]
        if is_email and len(readings) == 1
        else bind_single_without_data(batch, readings)
    )


def _empty(claims: list[frozenset[str]]) -> Reading:
    if any(claims):
        return Reading(status=Status.NOT_FOUND, reason="empty", claims=claims)
    return UNREADABLE


def _missed(profile: Profile) -> Reading:
    words = list(_errors(profile))
    reading = reading_of_error(words) or Reading(status=Status.FAILED, reason="unknown_error")
    return replace(reading, claims=[*_claims(profile), profile_keys(words)])


def _errors(one: Profile | Firm) -> Iterator[str]:
    for error in (one.error_code, one.error, one.message):
        yield from error_texts(error)


def _has_person(profile: Profile) -> bool:
    employers = profile.current_employers or profile.past_employers
    return any((profile.name, profile.headline, employers, profile.business_email))


def _is_empty(record: Record) -> bool:
    """Return whether a person has nothing but what identifies the profile, and nothing odd."""
    _, mistyped = read(record.raw, Profile)
    if mistyped:
        return False
    person, names = record.read(), {"linkedin_url", "linkedin_urn_url", "is_realtime", "score"}
    return not any(getattr(person, f) for f in person.__struct_fields__ if f not in names)


def _claims(profile: Profile) -> list[frozenset[str]]:
    """Return the claims of an element: its echo, then its own URLs."""
    own = (profile.linkedin_flagship_url, profile.linkedin_profile_url)
    return [
        person_keys(texts(profile.query_linkedin_profile_urn_or_slug)),
        *(person_keys([url]) for url in own if url),
    ]


# -- Companies -----------------------------------------------------------------------------------

# The fields that identify the company, because an answer echoes nothing.
_NAMES = (
    "company_name",
    "company_website_domain",
    "domains",
    "linkedin_profile_url",
    "linkedin_id",
)


def _company_flags(options: RequestOptions, _name: str) -> Flags:
    return {"enrich_realtime": options.realtime, "exact_match": options.exact_match}


def quoted(name: str) -> str:
    """Return a value with a comma in double quotes, as the documents say.

    Examples
    --------
    >>> quoted("Acme, Inc."), quoted("acme.example")
    ('"Acme, Inc."', 'acme.example')
    """
    return f'"{name}"' if "," in name else name


def read_company(raw: bytes, price: Price) -> Reading:
    """Parse an element: a company, or a state instead of some.

    Parameters
    ----------
    raw
        The element.
    price
        Returns the credits of a company.
    """
    firm, _ = COMPANIES.read_head(raw)
    if firm is None:
        return UNREADABLE
    named = named_company(firm)
    if named.name or named.domain or named.linkedin_url:
        record = Record(COMPANIES, raw)
        return company_reading(record, named, price, other_names=firm.linkedin_profile_name)
    claims = [company_keys(named_in(firm))]
    if reading := STATES.get(text(firm.status) or "") or reading_of_error(_errors(firm)):
        return replace(reading, claims=claims)
    is_error = firm.status or any(_errors(firm))
    failed = Reading(status=Status.FAILED, reason="unknown_error", claims=claims)
    return failed if is_error else UNREADABLE


SCREENER = ApiVersion(
    method="GET",
    scheme="Token",
    headers={},
    credits="/user/credits",
    payload=query,
    omits_default_fields=True,
    endpoints={
        "people": CrustdataEndpoint(
            path="/screener/person/enrich",
            parameters={"linkedin_url": "linkedin_profile_url", "email": "business_email"},
            # All fields that the document calls default: a request that names `business_email` gets
            # only the fields that it names.
            fields=(
                *("linkedin_profile_url", "linkedin_flagship_url", "name", "location", "email"),
                *("title", "last_updated", "headline", "summary", "num_of_connections", "skills"),
                *("profile_picture_url", "profile_picture_permalink", "twitter_handle"),
                *("languages", "all_employers", "past_employers", "current_employers"),
                *("education_background", "all_employers_company_id", "all_titles"),
                *("all_schools", "all_degrees"),
            ),
            required_fields=lambda options: ("business_email",) if options.business_email else (),
            prices=SCREENER_PRICES,
            has_preview=True,
            flags=_person_flags,
            # No answer echoes the e-mail address.
            size=lambda options, name: (
                options.emails_per_request or 1 if name == "email" else BATCH
            ),
            read_element=read_person,
            absent=MISSING,
            bind_single=_bind_single_email,
        ),
        "companies": CrustdataEndpoint(
            path="/screener/company",
            parameters={
                "domain": "company_domain",
                "company_linkedin_url": "company_linkedin_url",
                "company": "company_name",
            },
            # "Without fields only basic and firmographics": the other fields are opened for each
            # account, and a field that is not open fails the whole request.
            fields=(
                *("company_id", "company_name", "linkedin_profile_name", "linkedin_profile_url"),
                *("crunchbase_profile_url", "crunchbase_profile_uuid", "linkedin_id"),
                *("linkedin_logo_url", "linkedin_logo_permalink", "company_twitter_url"),
                *("company_website_domain", "company_website", "domains"),
                *("is_full_domain_match", "hq_country", "headquarters"),
                *("largest_headcount_country", "hq_street_address", "year_founded"),
                *("fiscal_year_end", "estimated_revenue_lower_bound_usd"),
                *("estimated_revenue_higher_bound_usd", "estimated_revenue_timeseries"),
                *("employee_count_range", "company_type", "linkedin_company_description"),
                *("acquisition_status", "ipo_date", "markets", "stock_symbols", "ceo_location"),
                "all_office_addresses",
            ),
            required_fields=lambda _: _NAMES,
            prices=SCREENER_COMPANY_PRICES,
            flags=_company_flags,
            size=lambda options, _: options.companies_per_request or 1,
            read_element=read_company,
            absent=MISSING,
            # "exact_match … returns []" for no match
            empty=lambda options: STATES["not_found"] if options.exact_match else EMPTY,
            bind_single=bind_single_company,
            format_value=quoted,
        ),
    },
)
