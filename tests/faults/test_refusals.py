"""F1 to F7 and F32: the vendor answers with an error status."""

from tests.faults.judging import MATCHED, VENDORS, Case, cases, judge

HELD = {"held": 3}
JSON = '{"error": "try later", "message": "try later"}'
PAGE = {"body": "<html>Bad gateway</html>", "media": "text/html"}
# Free requests, which can be repeated: the job of a vendor, its pages and its list.
READ = [("amplemarket", "poll"), ("zoho", "poll"), ("zoho", "list")]


def lost(number, vendor, options):
    """Return an inconclusive billed answer: held, or found in Zoho's list of jobs."""
    is_zoho = vendor == "zoho"
    before = ({"matched": 2, "held": 1}, 2) if is_zoho else (HELD, 0)
    after = (MATCHED, 3) if is_zoho else (HELD, 3)
    return [
        Case(number, vendor, "submit", "answer_instead", *before, options),
        Case(number, vendor, "submit", "answer_instead_after_accept", *after, options),
    ]


UNKNOWN = [
    ("F5", {"http": 500}),
    ("F5", {"http": 500, "body": JSON}),
    ("F6", {"http": 502, **PAGE}),
    ("F6", {"http": 504, **PAGE}),
    ("F7", {"http": 503}),
    ("F7", {"http": 503, **PAGE}),
]
REFUSED = [
    ("F1", {"http": 429, "headers": [("retry-after", "1")]}),
    ("F3", {"http": 429}),
    ("F4", {"http": 429, "headers": [("retry-after", "0")]}),
    ("F4", {"http": 429, "headers": [("retry-after", "-5")]}),
    ("F4", {"http": 429, "headers": [("retry-after", "soon")]}),
    ("F7", {"http": 503, "body": JSON}),
    ("F7", {"http": 503, "headers": [("retry-after", "1")]}),
    ("F7", {"http": 503, "body": JSON, "headers": [("retry-after", "1")]}),
]
TABLE = [
    *(case for vendor in VENDORS for number, how in UNKNOWN for case in lost(number, vendor, how)),
    *(
        Case(number, vendor, "submit", "answer_instead", MATCHED, 3, how)
        for vendor in VENDORS
        for number, how in REFUSED
    ),
    *(
        Case(number, vendor, where, "answer_instead", MATCHED, 3, how)
        for vendor, where in READ
        for number, how in [*UNKNOWN, *REFUSED]
    ),
]


# The older API uses the same sender, and all repeatable requests take the same path.
QUICK = [UNKNOWN[0], UNKNOWN[2], REFUSED[1], REFUSED[5]]
SLOW = [
    case
    for case in TABLE
    if case.vendor == "screener"
    or (case.where != "submit" and (case.number, case.options) not in QUICK)
]
# One sender reads the answers of all vendors.
EXTENDED = [
    case
    for case in TABLE
    if case.vendor == "amplemarket" and (case.number, case.options) not in QUICK
]


@cases(TABLE, SLOW, EXTENDED)
def test_error_status_gives_the_expected_statuses(case):
    judge(case)
