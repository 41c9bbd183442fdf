"""The contract, part one: what a provider says of itself."""

import math
import re

import msgspec

from enrich_pandas.providers.base import Identity, Kind
from enrich_pandas.testing.basis import FEWEST_HITS, Contract, Scene, expect

# Those that rows are read for; a provider cannot add one by itself.
IDENTIFIERS = frozenset(
    {
        "linkedin_url",
        "email",
        "domain",
        "email_domain",
        "company_linkedin_url",
        "name",
        "title",
        "company",
        "facebook_url",
        "twitter_url",
    }
)


class DeclarationContract(Contract):
    """Name, kinds, identifiers, limits, options and batches."""

    def test_it_has_a_name_to_type(self) -> None:
        """The name is short, and in lower case."""
        name = self.provider.name
        expect(
            re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", name),
            f"`name` is what users type: lower-case letters, digits, - and _; not {name!r}.",
        )

    def test_it_enriches_people_or_companies(self) -> None:
        """The kinds are known ones, and each has identifiers."""
        kinds = self.provider.kinds
        expect(
            kinds and set(kinds) <= {"people", "companies"} and len(set(kinds)) == len(kinds),
            f'`kinds` names "people", "companies" or both, each once; not {kinds!r}.',
        )

    def test_its_identifiers_are_known_ones(self, kind: Kind) -> None:
        """Rows are read for a fixed set of identifiers."""
        names = self.provider.identifiers.get(kind, ())
        expect(names, f"`identifiers` names none for {kind}.")
        unknown = sorted(set(names) - IDENTIFIERS)
        expect(
            not unknown,
            f"`identifiers` of {kind} has {unknown}; known are {sorted(IDENTIFIERS)}.",
        )

    def test_it_says_where_it_is_documented(self) -> None:
        """Whoever has an origin or a credential has documents, and a place to get a key."""
        provider = self.provider
        is_remote = bool(provider.origin or provider.credentials)
        expect(
            not is_remote or provider.docs_url.startswith("https://"),
            "`docs_url` is the https address of the vendor's documents.",
        )
        expect(
            not provider.credentials or provider.keys_url or provider.docs_url,
            "`keys_url` is where a key is had: messages lead there.",
        )

    def test_its_origin_is_scheme_and_host(self) -> None:
        """The credential goes to the origin, hence never in the clear."""
        origin = self.provider.origin
        expect(
            not origin or re.fullmatch(r"https://[\w.-]+(:\d+)?", origin),
            f"`origin` is https and a host, with no path: https://api.example.com; not {origin!r}.",
        )

    def test_its_limits_are_limits(self) -> None:
        """Batches, connections and the rate limit are positive."""
        provider, rate = self.provider, self.provider.rate_limit
        expect(provider.batch_size >= 1, "`batch_size` is 1 or more.")
        expect(provider.connections >= 1, "`connections` is 1 or more.")
        expect(
            rate is None or (rate.requests >= 1 and 0 < rate.seconds < math.inf),
            f"`rate_limit` is RateLimit(requests, seconds), both positive; not {rate!r}.",
        )

    def test_its_balance_is_free_to_ask_for(self) -> None:
        """The balance is read before anything is spent, so the question costs nothing."""
        request = self.provider.balance_request()
        expect(
            request is None or not (request.billed or request.credits or request.identities),
            "`balance_request` is about nobody and is not billed.",
        )

    def test_its_options_can_be_kept(self, kind: Kind) -> None:
        """What is bought is digested into a fingerprint: plain values, the same every time."""
        first, second = (
            msgspec.json.encode(sorted(self.provider.billed_options(kind).items())) for _ in "12"
        )
        expect(first == second, "`billed_options` returns the same for the same options.")
        version: object = self.provider.version
        expect(
            isinstance(version, str) and version,
            "`version` is the version of the vendor's API, as text.",
        )

    def test_its_rules_are_about_its_identifiers(self, scene: Scene) -> None:
        """A rule that nobody reads, or that refuses a hit, is a slip."""
        rules = self.provider.rules(scene.kind)
        strange = sorted(set(rules) - set(self.provider.identifiers[scene.kind]))
        expect(not strange, f"`rules` is about {strange}, which are not among `identifiers`.")
        for identity in scene.hits:
            broken = [
                rule.code
                for name, value in identity.keys
                for rule in rules.get(name, ())
                if not rule.accepts(value)
            ]
            expect(not broken, f"The rules {broken} refuse a hit of the scene {scene}.")

    def test_it_chooses_the_identities_of_its_scenes(self, scene: Scene) -> None:
        """A row that has the identifiers of an identity is asked for by that identity."""
        for identity in (*scene.hits, *scene.misses):
            chosen = self.provider.identify(scene.kind, dict(identity.keys))
            expect(
                chosen == identity,
                f"`identify` makes {chosen!r} of a row with {[name for name, _ in identity.keys]}; "
                f"the scene {scene} asks for {identity!r}.",
            )
        nobody = self.provider.identify(scene.kind, {})
        expect(nobody is None, "`identify` returns None for a row without identifiers.")

    def test_its_batches_have_everybody_once(self, scene: Scene) -> None:
        """Nobody is lost or doubled when identities are split into batches."""
        everybody = [*scene.hits, *scene.misses]
        batches = self.batches(scene, everybody)
        got: list[Identity] = [identity for batch in batches for identity in batch]
        expect(sorted(got) == sorted(everybody), "`batches` has every identity exactly once.")
        longest = max(map(len, batches))
        expect(
            longest <= self.provider.batch_size,
            f"`batches` made one of {longest}; `batch_size` is {self.provider.batch_size}.",
        )

    def test_it_has_a_scene(self, kind: Kind) -> None:
        """Every kind is tested with two who are found and one who is not."""
        scenes = [scene for scene in self.scenes if scene.kind == kind]
        expect(scenes, f"`scenes` has none of {kind}.")
        for scene in scenes:
            expect(
                len(set(scene.hits)) >= FEWEST_HITS and scene.misses,
                f"The scene {scene} needs two different hits and one miss, at least.",
            )
