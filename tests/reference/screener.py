"""Crustdata's screener as it was read before columns: one element to one model."""

from collections.abc import Callable, Iterator

from enrich_pandas.models import (
    Certification,
    Company,
    Education,
    Email,
    Experience,
    Funding,
    Honor,
    Language,
    Location,
    Model,
    Person,
    SocialProfile,
)
from enrich_pandas.providers.crustdata.screener.companies import (
    Competitors,
    Firm,
    Followers,
    HeadcountData,
    Investment,
    Milestone,
    Taxonomy,
)
from enrich_pandas.providers.crustdata.screener.people import (
    Award,
    BusinessEmail,
    Certificate,
    Employer,
    Profile,
    School,
)
from enrich_pandas.providers.decoding import date, identifier, read, text, texts
from tests.reference.crustdata import (
    distinct_profiles,
    fill_from_position,
    headcounts,
    join_names,
    location,
    merge_emails,
    naics_codes,
    sic_codes,
    whole,
    year,
)


def person_in(raw: bytes) -> tuple[Model | None, list[str]]:
    """Return the person of an element, and the paths of odd fields."""
    profile, mistyped = read(raw, Profile)
    return None if profile is None else person_of(profile), mistyped


def company_in(raw: bytes) -> tuple[Model | None, list[str]]:
    """Return the company of an element, and the paths of odd fields."""
    firm, mistyped = read(raw, Firm)
    return None if firm is None else company_of(firm), mistyped


REFERENCE: dict[str, Callable[[bytes], tuple[Model | None, list[str]]]] = {
    "people": person_in,
    "companies": company_in,
}

# -- People --------------------------------------------------------------------------------------


def person_of(profile: Profile) -> Person:
    """Return the person of an element."""
    current = [_experience(job, is_current=True) for job in profile.current_employers or () if job]
    past = [_experience(job, is_current=False) for job in profile.past_employers or () if job]
    place = text(profile.location)
    picture = text(profile.profile_picture_permalink) or text(profile.profile_picture_url)
    return fill_from_position(
        Person(
            id=identifier(profile.person_id),
            name=text(profile.name),
            title=text(profile.title),
            headline=text(profile.headline),
            summary=text(profile.summary),
            location=Location(name=place) if place else None,
            linkedin_url=text(profile.linkedin_flagship_url),
            linkedin_urn_url=text(profile.linkedin_profile_url),
            linkedin_joined_date=date(profile.linkedin_joined_date),
            picture_url=picture,
            connections=profile.num_of_connections,
            score=profile.score,
            updated_at=date(profile.last_updated),
            is_realtime=profile.enriched_realtime,
            emails=merge_emails(_emails(profile)),
            experiences=[*current, *past],
            educations=[
                _education(school) for school in profile.education_background or () if school
            ],
            social_profiles=distinct_profiles(_social_profiles(profile)),
            certifications=[_certification(one) for one in profile.certifications or () if one],
            honors=[_honor(award) for award in profile.honors or () if award],
            skills=texts(profile.skills, separator=","),
            languages=[Language(name=name) for name in texts(profile.languages, separator=",")],
            open_to=texts(profile.linkedin_open_to_cards, separator=","),
            verifications=texts(profile.linkedin_verifications, separator=","),
        )
    )


def _emails(profile: Profile) -> Iterator[Email]:
    for address in texts(profile.business_email, separator=","):
        yield Email(address=address, type="business")
    for job in [*(profile.current_employers or ()), *(profile.past_employers or ())]:
        for address, known in ((job and job.business_emails) or {}).items():
            yield _business_email(address, known or BusinessEmail())
    for address in texts(profile.email, separator=","):
        yield Email(address=address)


def _business_email(address: str, known: BusinessEmail) -> Email:
    return Email(
        address=text(address),
        type="business",
        status=text(known.verification_status),
        validated_at=date(known.last_validated_at),
    )


def _social_profiles(profile: Profile) -> Iterator[SocialProfile]:
    yield SocialProfile(network="twitter", handle=text(profile.twitter_handle))
    for url in texts(profile.github_profiles):
        yield SocialProfile(network="github", url=url)


def _experience(job: Employer, *, is_current: bool) -> Experience:
    domain = text(job.employer_company_website_domain) or text(job.domains)
    return Experience(
        title=text(job.employee_title),
        company=text(job.employer_name),
        company_domain=domain,
        company_id=identifier(job.employer_company_id),
        company_linkedin_id=identifier(job.employer_linkedin_id),
        company_description=text(job.employer_linkedin_description),
        company_logo_url=text(job.employer_logo_url),
        position_id=identifier(job.employee_position_id),
        location=text(job.employee_location),
        description=text(job.employee_description),
        start_date=date(job.start_date),
        end_date=date(job.end_date),
        is_current=is_current,
        is_primary=job.is_default,
    )


def _education(school: School) -> Education:
    return Education(
        school=text(school.institute_name),
        degree=text(school.degree_name),
        field_of_study=text(school.field_of_study),
        activities=text(school.activities_and_societies),
        school_linkedin_id=identifier(school.institute_linkedin_id),
        school_linkedin_url=text(school.institute_linkedin_url),
        school_logo_url=text(school.institute_logo_url),
        start_date=date(school.start_date),
        end_date=date(school.end_date),
    )


def _certification(certificate: Certificate) -> Certification:
    return Certification(
        name=text(certificate.name),
        issuer=text(certificate.issuer_organization),
        issuer_linkedin_id=identifier(certificate.issuer_organization_linkedin_id),
        credential_id=identifier(certificate.certification_id),
        url=text(certificate.url),
        issued_date=date(certificate.issued_date),
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


def company_of(firm: Firm) -> Company:
    """Return the company of an element."""
    taxonomy, people = firm.taxonomy or Taxonomy(), firm.headcount or HeadcountData()
    money, rivals = firm.funding_and_investment or Investment(), firm.competitors or Competitors()
    fundings = [_funding(one) for one in money.funding_milestones_timeseries or () if one]
    highest = firm.estimated_revenue_higher_bound_usd
    industries = texts(taxonomy.linkedin_industries)
    return Company(
        id=identifier(firm.company_id),
        name=text(firm.company_name) or text(firm.linkedin_profile_name),
        domain=text(firm.company_website_domain),
        website=text(firm.company_website),
        description=text(firm.linkedin_company_description),
        type=text(firm.company_type),
        industry=industries[0] if industries else None,
        founded_year=year(firm.year_founded),
        employees=whole(people.linkedin_headcount),
        employees_range=text(firm.employee_count_range),
        headquarters=location(
            name=firm.headquarters, address=firm.hq_street_address, country=firm.hq_country
        ),
        largest_country=text(firm.largest_headcount_country),
        linkedin_url=text(firm.linkedin_profile_url),
        linkedin_id=identifier(firm.linkedin_id),
        linkedin_followers=whole((firm.linkedin_followers or Followers()).linkedin_followers),
        crunchbase_url=text(firm.crunchbase_profile_url),
        logo_url=text(firm.linkedin_logo_permalink) or text(firm.linkedin_logo_url),
        revenue_min_usd=whole(firm.estimated_revenue_lower_bound_usd),
        revenue_max_usd=whole(
            firm.estimated_revenue_upper_bound_usd if highest is None else highest
        ),
        total_funding_usd=whole(money.crunchbase_total_investment_usd),
        last_funding_round=text(money.last_funding_round_type),
        last_funding_usd=whole(money.last_funding_round_investment_usd),
        last_funding_date=max((one.announced_date or "" for one in fundings), default="") or None,
        acquisition_status=text(firm.acquisition_status),
        ipo_date=date(firm.ipo_date),
        fiscal_year_end=text(firm.fiscal_year_end),
        domains=texts(firm.domains, separator=","),
        industries=industries,
        specialities=texts(taxonomy.linkedin_specialities, separator=","),
        keywords=texts(taxonomy.crunchbase_categories, separator=","),
        markets=texts(firm.markets, separator=","),
        stock_symbols=texts(firm.stock_symbols, separator=","),
        sic_codes=sic_codes(taxonomy.sic_detail_list),
        naics_codes=naics_codes(taxonomy.primary_naics_detail),
        investors=texts(money.crunchbase_investors, separator=","),
        competitors=texts(rivals.competitor_website_domains, separator=","),
        offices=[Location(name=place) for place in texts(firm.all_office_addresses)],
        social_profiles=distinct_profiles(
            [SocialProfile(network="twitter", url=text(firm.company_twitter_url))]
        ),
        fundings=fundings,
        headcounts=headcounts(
            [
                ("function", people.linkedin_headcount_by_role_absolute),
                ("region", people.linkedin_headcount_by_region_absolute),
                ("skill", people.linkedin_headcount_by_skill_absolute),
            ]
        ),
    )


def _funding(milestone: Milestone) -> Funding:
    return Funding(
        round=text(milestone.funding_round),
        amount_usd=whole(milestone.funding_milestone_amount_usd),
        announced_date=date(milestone.funding_date) or date(milestone.date),
        investors=join_names(milestone.funding_milestone_investors),
    )
