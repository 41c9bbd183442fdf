"""Why a value is not sent: one code a reason, one sentence a code."""

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "The cell is empty.",
        "placeholder": "The cell holds a word for 'nothing', such as n/a or null.",
        "type": "The cell holds something other than text.",
        "too_long": "The text is longer than any such value can be.",
        "control_character": "The text holds a control or invisible character, or is broken.",
        "separator": "The cell holds several values, a tab or a line break.",
        "syntax": "The text is not of the form that such a value has.",
        "truncated": "The address was cut off and ends in dots.",
        "not_linkedin": "The address leads to another site than LinkedIn.",
        "not_a_profile": "The address is on LinkedIn, but is not that of a profile.",
        "company_url": "The address is that of a company or school, not of a person.",
        "person_url": "The address is that of a person, not of a company.",
        "sales_url": "The address is of Sales Navigator or Recruiter; only its user can open it.",
        "shortener": "The address is a short link; it is never followed.",
        "legacy_url": "The address is of LinkedIn's old form, which no longer names one person.",
        "free_mail": "The address is of a free mail service, which is not the person's company.",
        "social_network": "The address is on a social network, not on a site of the company.",
        "not_on_network": "The address is not that of a profile on this network.",
        "no_identifier": "The row has nothing to ask the provider by.",
        "incomplete": "What the row has is valid, but not enough for the provider.",
        "needs_company": "A name or title alone is not enough: the provider needs a company too.",
        "too_short": "The value is shorter than the provider takes.",
        "not_english": "The value has letters that the provider does not take.",
    }
)


class Refused(ValueError):  # noqa: N818 - a verdict on a value, not a fault
    """A value that cannot be an identifier; ``code`` is a key of `REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
