"""Crustdata's current API as it was read before columns: one element to one model."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from enrich_pandas.models import (
    Certification,
    Company,
    Education,
    Email,
    Experience,
    Funding,
    Headcount,
    Honor,
    Language,
    Location,
    Model,
    Person,
    Phone,
    SocialProfile,
)
from enrich_pandas.providers.crustdata.companies import (
    BasicInfo,
    Ceo,
    CompanyCandidate,
    CompanyData,
    CompanyElement,
    Competitors,
    Crunchbase,
    EmployeeReviews,
    Estimate,
    Followers,
    FundingData,
    HeadcountData,
    Locations,
    Milestone,
    Naics,
    PublicMarkets,
    Revenue,
    Sic,
    SocialProfiles,
    Taxonomy,
)
from enrich_pandas.providers.crustdata.people import (
    Address,
    Award,
    BasicProfile,
    Candidate,
    Certificate,
    Contact,
    DevPlatformProfile,
    Element,
    EmploymentDetails,
    Experiences,
    Handle,
    Job,
    Metadata,
    PersonData,
    Place,
    ProfessionalNetwork,
    School,
    Schools,
    Skills,
    SocialHandles,
)
from enrich_pandas.providers.decoding import date, identifier, read, text, texts


def person_in(raw: bytes) -> tuple[Model | None, list[str]]:
    """Return the person of an element with one candidate, and the paths of odd fields."""
    element, mistyped = read(raw, Element)
    if element is None:
        return None, mistyped
    return person_of(next(filter(None, element.matches or ()), Candidate())), mistyped


def company_in(raw: bytes) -> tuple[Model | None, list[str]]:
    """Return the company of an element with one candidate, and the paths of odd fields."""
    element, mistyped = read(raw, CompanyElement)
    if element is None:
        return None, mistyped
    return company_of(next(filter(None, element.matches or ()), CompanyCandidate())), mistyped


REFERENCE: dict[str, Callable[[bytes], tuple[Model | None, list[str]]]] = {
    "people": person_in,
    "companies": company_in,
}

# -- People --------------------------------------------------------------------------------------

_SITE = re.compile(r"(?:https?://)?(?:www\.)?([\w-]+)\.", re.IGNORECASE)


def merge_emails(emails: Iterable[Email]) -> list[Email]:
    """Return each e-mail address once, ignoring case; a later mention fills empty fields."""
    by_address: dict[str, Email] = {}
    for email in emails:
        if email.address:
            first = by_address.setdefault(email.address.casefold(), email)
            _fill(first, email)
    return list(by_address.values())


def _fill(email: Email, other: Email) -> None:
    for name in email.__struct_fields__:
        if getattr(email, name) is None:
            setattr(email, name, getattr(other, name))


def distinct_profiles(found: Iterable[SocialProfile]) -> list[SocialProfile]:
    """Return each social profile once, without those that have neither a URL nor a handle."""
    distinct = {msgspec.structs.astuple(one): one for one in found if one.url or one.handle}
    return list(distinct.values())


def fill_from_position(person: Person) -> Person:
    """Fill title, company and domain from the main current position.

    It is the one that the vendor marks as default, else the first. A title of the person stays.
    """
    current = [one for one in person.experiences if one.is_current]
    main = next((one for one in current if one.is_primary), current[0] if current else Experience())
    person.title = person.title or main.title
    person.company, person.company_domain = main.company, main.company_domain
    return person


def profile_url_of(candidate: Candidate) -> str | None:
    """Return the URL of a candidate's profile."""
    handles = (candidate.person_data or PersonData()).social_handles or SocialHandles()
    return text((handles.professional_network_identifier or Handle()).profile_url)


def person_of(candidate: Candidate) -> Person:
    """Return the person of a candidate; the network's copy fills what the profile lacks."""
    data = candidate.person_data or PersonData()
    basic = data.basic_profile or BasicProfile()
    network = data.professional_network or ProfessionalNetwork()
    contact = data.contact or Contact()
    return fill_from_position(
        Person(
            id=identifier(data.crustdata_person_id),
            name=text(basic.name) or text(network.name),
            first_name=text(basic.first_name),
            last_name=text(basic.last_name),
            title=text(basic.current_title) or text(network.current_title),
            headline=text(basic.headline) or text(network.headline),
            summary=text(basic.summary) or text(network.summary),
            location=_location(basic.location) or _location(network.location),
            linkedin_url=profile_url_of(candidate),
            linkedin_joined_date=date(network.joined_date),
            picture_url=_picture(basic, network),
            connections=network.connections,
            followers=network.followers,
            score=candidate.confidence_score,
            updated_at=_updated(data),
            emails=merge_emails(_emails(data)),
            phones=[Phone(number=number) for number in texts(contact.phone_numbers)],
            experiences=list(_experiences(data)),
            educations=list(_educations(data)),
            social_profiles=distinct_profiles(_social_profiles(data)),
            certifications=[_certification(one) for one in data.certifications or () if one],
            honors=[_honor(award) for award in data.honors or () if award],
            skills=_listed((data.skills or Skills()).professional_network_skills),
            languages=[Language(name=name) for name in _listed(basic.languages)],
            open_to=_listed(network.open_to_cards),
            verifications=_listed(network.verifications),
        )
    )


def _listed(value: object) -> list[str]:
    return texts(value, separator=",")


def _location(place: Place | str | None) -> Location | None:
    if not isinstance(place, Place):
        return Location(name=text(place)) if text(place) else None
    location = Location(
        name=text(place.full_location) or text(place.raw),
        city=text(place.city),
        region=text(place.state),
        country=text(place.country),
        continent=text(place.continent),
    )
    return location if location != Location() else None


def _picture(basic: BasicProfile, network: ProfessionalNetwork) -> str | None:
    permalink = text(basic.profile_picture_permalink) or text(network.profile_picture_permalink)
    return permalink or text(network.profile_picture_url)


def _updated(data: PersonData) -> str | None:
    basic, metadata = data.basic_profile or BasicProfile(), data.metadata or Metadata()
    return date(basic.last_updated) or date(metadata.updated_at) or date(data.updated_at)


def _emails(data: PersonData) -> Iterator[Email]:
    contact = data.contact or Contact()
    yield from _addresses(contact.business_emails, "business")
    yield from _addresses(contact.personal_emails, "personal")
    for profile in data.dev_platform_profiles or ():
        if profile is not None:
            yield Email(address=text(profile.email))


def _addresses(found: Iterable[Address | str | None] | None, kind: str) -> Iterator[Email]:
    for one in found or ():
        if isinstance(one, Address):
            validated = date(one.last_updated)
            address, status = text(one.email), text(one.status)
            yield Email(address=address, type=kind, status=status, validated_at=validated)
        else:
            yield Email(address=text(one), type=kind)


def _social_profiles(data: PersonData) -> Iterator[SocialProfile]:
    handles = data.social_handles or SocialHandles()
    twitter = handles.twitter_identifier or Handle()
    yield SocialProfile(network="twitter", url=text(twitter.profile_url), handle=text(twitter.slug))
    yield _site((handles.dev_platform_identifier or Handle()).profile_url)
    for profile in data.dev_platform_profiles or ():
        yield from _declared(profile or DevPlatformProfile())
    for website in texts((data.contact or Contact()).websites):
        yield SocialProfile(network="website", url=website)


def _declared(profile: DevPlatformProfile) -> Iterator[SocialProfile]:
    yield _site(profile.profile_url)
    yield SocialProfile(network="website", url=text(profile.website_url))
    for handle in profile.declared_handles or ():
        if handle is not None:
            yield SocialProfile(network=text(handle.provider), url=text(handle.url))


def _site(url: str | None) -> SocialProfile:
    """Return the profile at a URL; the host names the network."""
    host = _SITE.match(text(url) or "")
    return SocialProfile(network=host[1].lower() if host else None, url=text(url))


def _experiences(data: PersonData) -> Iterator[Experience]:
    details = (data.experience or Experiences()).employment_details or EmploymentDetails()
    yield from (_experience(job, is_current=True) for job in details.current or () if job)
    yield from (_experience(job, is_current=False) for job in details.past or () if job)


def _experience(job: Job, *, is_current: bool) -> Experience:
    place = _location(job.location) or Location()
    return Experience(
        title=text(job.title),
        company=text(job.name) or text(job.company_name),
        company_domain=text(job.company_website_domain),
        company_id=identifier(job.crustdata_company_id),
        company_linkedin_id=identifier(job.professional_network_id),
        company_linkedin_url=text(job.company_professional_network_profile_url),
        company_logo_url=text(job.company_profile_picture_permalink),
        position_id=identifier(job.position_id),
        seniority=text(job.seniority_level),
        function=text(job.function_category),
        employment_type=text(job.employment_type),
        location=place.name or place.city or place.country,
        description=text(job.description),
        start_date=date(job.start_date),
        end_date=date(job.end_date),
        is_current=is_current,
        is_primary=job.is_default,
    )


def _educations(data: PersonData) -> Iterator[Education]:
    for school in (data.education or Schools()).schools or ():
        if school is not None:
            yield _education(school)


def _education(school: School) -> Education:
    return Education(
        school=text(school.school),
        degree=text(school.degree),
        field_of_study=text(school.field_of_study),
        activities=text(school.activities_and_societies),
        school_linkedin_id=identifier(school.professional_network_id),
        school_logo_url=text(school.institute_logo_url) or text(school.institute_logo_permalink),
        start_date=date(school.start_year),
        end_date=date(school.end_year),
    )


def _certification(certificate: Certificate) -> Certification:
    issuer = text(certificate.issuing_organization) or text(certificate.issuer_organization)
    return Certification(
        name=text(certificate.name),
        issuer=issuer,
        issuer_linkedin_id=identifier(certificate.issuer_organization_linkedin_id),
        credential_id=identifier(certificate.credential_id),
        url=text(certificate.credential_url),
        issued_date=date(certificate.issue_date) or date(certificate.issued_date),
        expiration_date=date(certificate.expiration_date),
    )


def _honor(award: Award) -> Honor:
    return Honor(
        title=text(award.title),
        issuer=text(award.issuer),
        organization=text(award.associated_organization),
        organization_linkedin_id=identifier(award.associated_organization_linkedin_id),
        description=text(award.description),
        media_url=text(award.media_urls),
        issued_date=date(award.issued_date),
    )


# -- Companies -----------------------------------------------------------------------------------


def year(value: object) -> int | None:
    """Return the year of a date."""
    written = date(value)
    return int(written[:4]) if written else None


def whole(number: float | None) -> int | None:
    """Return a number without its fraction, such as an amount in US dollars."""
    return None if number is None else int(number)


def headcounts(
    groups: Iterable[tuple[str, Mapping[str, float | None] | None]],
) -> list[Headcount]:
    """Return the number of people in each group, such as Engineering of the functions."""
    return [
        Headcount(people=whole(people), group=group, by=by)
        for by, counted in groups
        for group, people in (counted or {}).items()
        if people is not None
    ]


def location(**parts: str | None) -> Location | None:
    """Return a location, or None if all its parts are empty."""
    known = {name: text(part) for name, part in parts.items()}
    return msgspec.structs.replace(Location(), **known) if any(known.values()) else None


def sic_codes(details: Sequence[Sic | None] | None) -> list[str]:
    """Return the SIC codes of a taxonomy."""
    codes = (identifier(one.sic_code) for one in details or () if one)
    return [code for code in codes if code]


def naics_codes(detail: Naics | None) -> list[str]:
    """Return the NAICS code of a taxonomy, as a list."""
    code = identifier(detail.naics_code) if detail else None
    return [code] if code else []


def join_names(investors: object) -> str | None:
    """Return the names of investors as one text."""
    return "; ".join(texts(investors)) or None


def company_of(candidate: CompanyCandidate) -> Company:
    """Return the company of a candidate."""
    data = candidate.company_data or CompanyData()
    basic, places = data.basic_info or BasicInfo(), data.locations or Locations()
    people, money = data.headcount or HeadcountData(), data.funding or FundingData()
    revenue, taxonomy = data.revenue or Revenue(), data.taxonomy or Taxonomy()
    estimate = revenue.estimated or Estimate()
    market = revenue.public_markets or PublicMarkets()
    social = data.social_profiles or SocialProfiles()
    rivals = data.competitors or Competitors()
    country = text(people.largest_headcount_country) or text(places.largest_headcount_country)
    industries = _industries(basic, taxonomy)
    return Company(
        id=identifier(data.crustdata_company_id),
        name=text(basic.name) or text(basic.profile_name),
        domain=text(basic.primary_domain),
        website=text(basic.website),
        description=text(basic.description),
        type=text(basic.company_type),
        industry=industries[0] if industries else None,
        founded_year=year(basic.year_founded),
        employees=whole(people.total),
        employees_range=text(basic.employee_count_range),
        headquarters=_headquarters(places),
        largest_country=country,
        linkedin_url=text(basic.professional_network_url),
        linkedin_id=identifier(basic.professional_network_id),
        linkedin_followers=whole((data.followers or Followers()).count),
        crunchbase_url=text((social.crunchbase or Crunchbase()).url),
        logo_url=text(basic.logo_permalink),
        ceo=text(((data.employee_reviews or EmployeeReviews()).company_ceo or Ceo()).name),
        revenue_min_usd=whole(estimate.lower_bound_usd),
        revenue_max_usd=whole(estimate.upper_bound_usd),
        total_funding_usd=whole(money.total_investment_usd),
        last_funding_round=text(money.last_round_type),
        last_funding_usd=whole(money.last_round_amount_usd),
        last_funding_date=date(money.last_fundraise_date),
        acquisition_status=text(revenue.acquisition_status),
        ipo_date=date(market.ipo_date),
        fiscal_year_end=text(market.fiscal_year_end),
        score=candidate.confidence_score,
        domains=texts(basic.all_domains, separator=","),
        industries=industries,
        specialities=_listed(taxonomy.professional_network_specialities),
        keywords=_listed(taxonomy.categories),
        markets=_listed(basic.markets),
        stock_symbols=_listed(market.stock_symbols),
        sic_codes=sic_codes(taxonomy.sic_detail_list),
        naics_codes=naics_codes(taxonomy.primary_naics_detail),
        investors=_listed(money.investors),
        competitors=texts(rivals.websites, separator=",") or texts(rivals.all_domains),
        offices=[Location(name=place) for place in texts(places.all_office_addresses)],
        social_profiles=distinct_profiles(
            [SocialProfile(network="twitter", url=text(social.twitter_url))]
        ),
        fundings=[_funding(one) for one in money.milestones or () if one],
        headcounts=headcounts(
            [
                ("function", people.by_role_absolute),
                ("region", people.by_region_absolute),
                ("skill", people.by_skill_absolute),
            ]
        ),
    )


def _industries(basic: BasicInfo, taxonomy: Taxonomy) -> list[str]:
    """Return the industries, the main one first. Names can have commas."""
    main = texts(taxonomy.professional_network_industry)
    others = [*texts(basic.industries), *texts(taxonomy.professional_network_industries)]
    return texts([*main, *others])


def _headquarters(places: Locations) -> Location | None:
    return location(
        name=places.headquarters,
        address=places.street_address,
        city=text(places.hq_city) or places.city,
        region=text(places.hq_state) or places.state,
        country=text(places.hq_country) or places.country,
    )


def _funding(milestone: Milestone) -> Funding:
    return Funding(
        round=text(milestone.round),
        amount_usd=whole(milestone.amount_usd),
        announced_date=date(milestone.funding_date) or date(milestone.date),
        investors=join_names(milestone.investors),
    )
