"""The mutants: one defect each, of the kind that costs money, rows or privacy.

Each names the function or constant that it changes, the change, and the tests that must fail. A
mutant that survives is a hole in the tests.
"""

from typing import NamedTuple

from tests.mutants.operators import Operator, always, drop, never, replace, returns, swap, value


class Mutant(NamedTuple):
    """A defect."""

    name: str
    target: str
    change: Operator
    tests: str


MONEY = "tests/end_to_end/test_money.py"
RESUME = "tests/end_to_end/test_resume_money.py"
PRIVACY = "tests/end_to_end/test_privacy.py"
CANARIES = "tests/end_to_end/test_canaries.py"
FRAMES = "tests/end_to_end/test_frames.py"
JOURNAL = "tests/journal/test_journal.py"
ELEMENTS = "tests/journal/test_elements.py"
DATABASE = "tests/journal/test_database.py"
DISK = "tests/journal/test_disk.py"
OVERFLOW = "tests/journal/test_spill.py"
HTTP = "tests/transport/test_transport.py"
ORIGIN = "tests/transport/test_origin.py"
OUTCOME = "tests/transport/test_outcome.py"
RUNNER = "tests/engine/test_runner.py"
BALANCE = "tests/engine/test_balance.py"
TOKENS = "tests/engine/test_tokens.py"
SECRETS = "tests/engine/test_secrets.py enrich_pandas/providers/types.py"
CRASH = "tests/kills/test_crash_points.py"
MIXED_UP = "tests/providers/test_mixed_up.py"
ZOHO = "tests/providers/test_zoho_flow.py"
DASK = "tests/test_dask_frame.py"

ORDER_OF_WRITES = [
    Mutant(
        "the request is sent before its intent is written",
        "enrich_pandas.engine.sender:Sender.send",
        swap("self._record_request", "self._send("),
        f"{CRASH} {MONEY}",
    ),
    Mutant(
        "the raw answer is not written",
        "enrich_pandas.engine.sender:Sender._record_answer",
        drop("record_answer"),
        f"{JOURNAL} {RUNNER} {CRASH}",
    ),
    Mutant(
        "storing a result leaves its claim open",
        "enrich_pandas.journal:Journal.store_results",
        drop("DELETE FROM claims"),
        f"{JOURNAL} {RUNNER}",
    ),
    Mutant(
        "a commit does not wait for the disk",
        "enrich_pandas.journal.database:PRAGMAS",
        replace("synchronous = EXTRA", "synchronous = OFF"),
        JOURNAL,
    ),
    Mutant(
        "a write-ahead log replaces the rollback journal",
        "enrich_pandas.journal.database:PRAGMAS",
        replace("journal_mode = TRUNCATE", "journal_mode = WAL"),
        JOURNAL,
    ),
    Mutant(
        "a writer continues before the group commit",
        "enrich_pandas.journal.database:Writers.writing",
        drop(".wait()"),
        DATABASE,
    ),
    Mutant(
        "a failed write rolls back the writes of other threads",
        "enrich_pandas.journal.database:_SharedTransaction._roll_back",
        replace('execute("ROLLBACK TO own")', "rollback()"),
        DATABASE,
    ),
    Mutant(
        "a failed commit is not reported to the threads that wait for it",
        "enrich_pandas.journal.database:_SharedTransaction.wait",
        drop("raise self._failure"),
        DATABASE,
    ),
    Mutant(
        "a request that has a connection when the run stops is sent",
        "enrich_pandas.transport.connection:ActiveCall.take",
        replace("not self.may_send()", "not (self.may_send() or True)"),
        HTTP,
    ),
    Mutant(
        "more requests run at once than the vendor has connections",
        "enrich_pandas.engine.sender:Slots._take",
        drop("self._free -= is_acquired"),
        "tests/engine/test_slots.py",
    ),
    Mutant(
        "a long list is claimed at once",
        "enrich_pandas.engine.runner:Runner.__init__",
        replace("not self._sender.is_crowded", "True"),
        RUNNER,
    ),
    Mutant(
        "polling takes no concurrency slot",
        "enrich_pandas.engine.sender:Sender._slot",
        replace("self._slots.acquire()", '__import__("contextlib").nullcontext(True)'),
        "tests/engine/test_polling.py",
    ),
    Mutant(
        "each worker requests a token of its own",
        "enrich_pandas.engine.credentials:Tokens.renew",
        never("self._replacement"),
        TOKENS,
    ),
    Mutant(
        "each process renews the token",
        "enrich_pandas.engine.credentials:Tokens._renew",
        always("stale"),
        TOKENS,
    ),
    Mutant(
        "a resumed run measures ages from its first write",
        "enrich_pandas.waterfall.stage:_start_run",
        replace("started - work.oldest", "work.as_of - work.oldest"),
        RESUME,
    ),
]

CLAIMS = [
    Mutant(
        "a held row is sent again without resend",
        "enrich_pandas.engine.plan:_usable",
        replace("not resend", "False"),
        f"{MONEY} {RUNNER} {CRASH}",
    ),
    Mutant(
        "a held row is not stored",
        "enrich_pandas.journal.records:STORED_STATUSES",
        replace(", Status.HELD", ""),
        f"{MONEY} {JOURNAL} {RUNNER}",
    ),
    Mutant(
        "an identity that was bought after the plan is bought again",
        "enrich_pandas.journal.claims:claimed_or_bought",
        never("known.get"),
        f"{JOURNAL} {RUNNER}",
    ),
    Mutant(
        "two processes claim one identity",
        "enrich_pandas.journal.claims:claimed_or_bought",
        replace("claimed, fingerprints", "claimed, []"),
        JOURNAL,
    ),
    Mutant(
        "two processes adopt one batch",
        "enrich_pandas.journal:Journal.adopt",
        replace("AND lease = ? AND", "AND ? > '' AND"),
        JOURNAL,
    ),
    Mutant(
        "a batch of another scope is adopted",
        "enrich_pandas.journal:Journal.adopt",
        replace('row["scope"] != scope', "False"),
        JOURNAL,
    ),
    Mutant(
        "an idle batch is released without a second check",
        "enrich_pandas.journal.claims:still_idle",
        always("connection.execute"),
        JOURNAL,
    ),
    Mutant(
        "a dead process's claims are released although it may have been charged",
        "enrich_pandas.journal:IDLE",
        replace(" AND at_risk IS NULL", ""),
        f"{JOURNAL} {RUNNER} {MONEY}",
    ),
    Mutant(
        "a dead process's claim counts as idle although it may have been charged",
        "enrich_pandas.journal.records:ClaimHolder.is_idle",
        replace(" and self.at_risk is None", ""),
        JOURNAL,
    ),
    Mutant(
        "a living process counts as dead",
        "enrich_pandas.journal.claims:_is_held",
        replace("return True", "return False"),
        JOURNAL,
    ),
    Mutant(
        "a dead process's request is sent again",
        "enrich_pandas.engine.sender:Sender.send",
        never("task.adopt"),
        f"{RUNNER} {MONEY} {CRASH}",
    ),
    Mutant(
        "a request without an answer counts as not sent",
        "enrich_pandas.journal.records:read_response",
        never('row["billed"]'),
        f"{JOURNAL} {CRASH} {RUNNER}",
    ),
    Mutant(
        "a process continues a batch that another has adopted",
        "enrich_pandas.journal:Journal.record_intent",
        drop("check_owner"),
        JOURNAL,
    ),
    Mutant(
        "stored answers ignore the provider's options",
        "enrich_pandas.engine.plan:scope_of",
        replace(", options]", "]"),
        MONEY,
    ),
    Mutant(
        "an answer of the sandbox is served to a live call",
        "enrich_pandas.engine.plan:scope_of",
        replace("[realm, ", "["),
        "tests/engine/test_plan.py",
    ),
    Mutant(
        "a miss overwrites a match",
        "enrich_pandas.journal.records:store",
        always("not in hits"),
        JOURNAL,
    ),
    Mutant(
        "each spelling of a person is requested",
        "enrich_pandas.frame.canonical:_canonicalize_exactly",
        replace(
            "[value for value, _ in results]",
            "[value and str(cell) for (value, _), cell in zip(results, cells, strict=True)]",
        ),
        "tests/frame/test_validation.py tests/end_to_end/test_enrichment.py",
    ),
]

BUDGET = [
    Mutant(
        "the budget is no limit",
        "enrich_pandas.journal.claims:remaining_budget",
        always("budget is None"),
        f"{JOURNAL} {MONEY}",
    ),
    Mutant(
        "held credits do not count against the budget",
        "enrich_pandas.journal.claims:remaining_budget",
        replace("spent + held", "spent"),
        JOURNAL,
    ),
    Mutant(
        "reserved credits do not count against the budget",
        "enrich_pandas.journal.claims:remaining_budget",
        replace("THEN reserved", "THEN 0"),
        f"{JOURNAL} {MONEY}",
    ),
    Mutant(
        "a large call needs no budget",
        "enrich_pandas.pipeline:check_cost",
        always("options.confirm_above"),
        f"{MONEY} tests/end_to_end/test_enrichment.py tests/end_to_end/test_waterfall.py",
    ),
    Mutant(
        "more is held than can have been spent",
        "enrich_pandas.journal:LANDED",
        replace("MAX(0, MIN(reserved - :spent, :held", "MAX(0, MAX(:held"),
        JOURNAL,
    ),
    Mutant(
        "a request that is billed without a price counts as free",
        "enrich_pandas.journal.schema:BATCH_RISKS",
        replace("SUM(credits)", "NULLIF(SUM(credits), 0)"),
        JOURNAL,
    ),
    Mutant(
        "a held row counts besides its reported cost",
        "enrich_pandas.journal.records:has_known_cost",
        replace(" or match.credits > 0", ""),
        RESUME,
    ),
    Mutant(
        "a price below zero is accepted",
        "enrich_pandas.providers.crustdata.prices:_is_price",
        replace("0 <= ", ""),
        "tests/providers/test_crustdata.py",
    ),
]

OUTCOMES = [
    Mutant(
        "a server error counts as a refusal",
        "enrich_pandas.transport.outcome:_server_error",
        always("is_refusal"),
        OUTCOME,
    ),
    Mutant(
        "a web page counts as an answer",
        "enrich_pandas.transport.outcome:_success",
        replace(' or shape == "page"', ""),
        OUTCOME,
    ),
    Mutant(
        "a request whose answer was lost is sent again",
        "enrich_pandas.transport.outcome:is_retryable",
        replace("response.lost and not request.billed", "response.lost"),
        f"{RUNNER} {MONEY}",
    ),
    Mutant(
        "a truncated answer is discarded",
        "enrich_pandas.transport.outcome:repair_response",
        replace('b",".join(salvage(body))', 'b""'),
        f"{OUTCOME} tests/providers/test_salvage.py {MONEY}",
    ),
    Mutant(
        "urllib3 retries requests",
        "enrich_pandas.transport.connection:Adapter.__init__",
        replace("max_retries=0", "max_retries=3"),
        HTTP,
    ),
    Mutant(
        "a billed request reuses a connection",
        "enrich_pandas.transport.client:Transport.send",
        replace("Adapter() if request.billed else ", ""),
        HTTP,
    ),
    Mutant(
        "an accepted answer is written before its connection is free",
        "enrich_pandas.engine.sender:Sender.send",
        always("Outcome.ACCEPTED"),
        RUNNER,
    ),
    Mutant(
        "a refusal is written after its connection is free",
        "enrich_pandas.engine.sender:Sender.send",
        never("Outcome.ACCEPTED"),
        RUNNER,
    ),
]

STOPPING = [
    Mutant(
        "an interrupt does not stop the spending",
        "enrich_pandas.engine.handle:Handle._guarded",
        replace("KeyboardInterrupt:\n            self.cancel()", "KeyboardInterrupt:\n"),
        "tests/engine/test_interrupts.py tests/engine/test_handle.py",
    ),
    Mutant(
        "a refused key does not stop the run",
        "enrich_pandas.transport.outcome:FATAL",
        value("()"),
        f"{RUNNER} {MONEY}",
    ),
    Mutant(
        "a run without a useful answer continues",
        "enrich_pandas.engine.sender:Sender.count_useless",
        never("is_enough"),
        f"{MONEY} {RUNNER} tests/end_to_end/test_vendors.py",
    ),
]

BALANCES = [
    Mutant(
        "an empty account does not stop the run",
        "enrich_pandas.engine.budget:BalanceCheck._compare",
        drop("stop("),
        BALANCE,
    ),
    Mutant(
        "an unreadable balance stops the run",
        "enrich_pandas.engine.budget:read_balance",
        replace(
            "provider.balance(response)\n    except Exception:",
            "provider.balance(response)\n    except ZeroDivisionError:",
        ),
        BALANCE,
    ),
    Mutant(
        "each request checks the balance",
        "enrich_pandas.engine.budget:BalanceCheck.check",
        drop("self._request = None"),
        BALANCE,
    ),
    Mutant(
        "a balance that does not arrive blocks the run",
        "enrich_pandas.engine.sender:Sender._request_balance",
        replace("replace(request, deadline=DEADLINE)", "request"),
        BALANCE,
    ),
]

IDENTITIES = [
    Mutant(
        "an answer is assigned by its position",
        "enrich_pandas.providers.binding:Reading.named",
        returns("sorted(requested)[:1]"),
        "tests/providers/test_binding.py tests/testing/test_contract.py",
    ),
    Mutant(
        "the first of two different answers is used",
        "enrich_pandas.providers.binding:_combine",
        always("== 1"),
        "tests/providers/test_binding.py tests/providers/test_amplemarket.py "
        "tests/testing/test_contract_jobs.py tests/testing/test_contract_jobs_of_vendors.py",
    ),
    Mutant(
        "an element that names two identities is bound to both",
        "enrich_pandas.providers.binding:_bind_any",
        replace("one_key and len(element.names) > 1", "False"),
        "tests/providers/test_binding.py",
    ),
    Mutant(
        "an option is not a part of what was bought",
        "enrich_pandas.providers.base:Provider.billed_options",
        returns("{}"),
        "tests/providers/test_options.py",
    ),
    Mutant(
        "a job of another request is adopted",
        "enrich_pandas.providers.zoho.jobs:find_job",
        replace("found.echo == ", ""),
        ZOHO,
    ),
    Mutant(
        "a job counts as not accepted without a wait",
        "enrich_pandas.providers.zoho.jobs:find_job",
        replace("one < settle), settle)", "False), 0.0)"),
        ZOHO,
    ),
    Mutant(
        "an echo loses its accents",
        "enrich_pandas.providers.binding:_slug",
        replace(
            'unicodedata.normalize("NFC", unicodedata.normalize("NFC", slug).lower())',
            'unicodedata.normalize("NFKD", slug.lower()).encode("ascii", "ignore").decode()',
        ),
        MIXED_UP,
    ),
    Mutant(
        "two threads build one decoder at once",
        "enrich_pandas.providers.decoding:decoder_of",
        replace("with _", "if _"),
        "tests/providers/test_decoding.py",
    ),
]

FRAME = [
    Mutant(
        "pandas infers the type of column labels again",
        "enrich_pandas.frame.output:_extended",
        never("object"),
        f"tests/frame/test_output.py {FRAMES}",
    ),
    Mutant(
        "rows return in the order of their index",
        "enrich_pandas.frame.output:attach",
        replace(
            "return result", "return result.sort_index(kind='stable', key=lambda i: i.map(str))"
        ),
        FRAMES,
    ),
    Mutant(
        "rows that Dask makes up are sent",
        "enrich_pandas.pipeline:is_meta_inference",
        replace("return True", "return False"),
        DASK,
    ),
    Mutant(
        "rows of Dask's tasks count as made up",
        "enrich_pandas.pipeline:is_meta_inference",
        never("TASKS"),
        DASK,
    ),
]

WIRE = [
    Mutant(
        "a path can lead to another origin",
        "enrich_pandas.transport.client:check_path",
        never("_PATH"),
        f"{ORIGIN} {HTTP}",
    ),
    Mutant(
        "plain http is accepted",
        "enrich_pandas.transport.client:normalize_origin",
        never('"http"'),
        ORIGIN,
    ),
    Mutant(
        "an answer can have any size",
        "enrich_pandas.transport.client:Transport._receive",
        never("self._max_bytes"),
        HTTP,
    ),
    Mutant(
        "a slow answer has no deadline",
        "enrich_pandas.transport.connection:_Reader.readinto",
        drop("settimeout"),
        HTTP,
    ),
    Mutant(
        "repr shows a credential",
        "enrich_pandas.providers.types:Secret.__repr__",
        returns('f"Secret({self._value})"'),
        SECRETS,
    ),
    Mutant(
        "repr shows a person",
        "enrich_pandas.providers.types:Identity.__repr__",
        replace("for name, _ in", "for _, name in"),
        SECRETS,
    ),
    Mutant(
        "http.client prints the signed headers",
        "enrich_pandas.transport.connection:_Pool._validate_conn",
        drop("set_debuglevel"),
        CANARIES,
    ),
    Mutant(
        "urllib3 logs the addresses of requests",
        "enrich_pandas.transport.connection:_is_foreign",
        returns("True"),
        CANARIES,
    ),
    Mutant(
        "a recording is executed",
        "enrich_pandas.cassette.file:load",
        replace(
            "deserialize(text,", 'deserialize((__import__("yaml").unsafe_load(text), text)[1],'
        ),
        "tests/cassette/test_cassette.py",
    ),
]

ERASURE = [
    Mutant(
        "erased data stays readable in the file",
        "enrich_pandas.journal.database:PRAGMAS",
        replace("secure_delete = ON", "secure_delete = OFF"),
        PRIVACY,
    ),
    Mutant(
        "erasure keeps the raw answers",
        "enrich_pandas.journal.erasure:erase",
        drop("_erase_from_bodies"),
        PRIVACY,
    ),
    Mutant(
        "erasure keeps what the elements of others state",
        "enrich_pandas.journal.erasure:erase",
        drop("_erase_from_elements"),
        ELEMENTS,
    ),
    Mutant(
        "an element is not cut out of its body",
        "enrich_pandas.journal.elements:store_elements",
        drop("_cut_out"),
        ELEMENTS,
    ),
    Mutant(
        "erasure keeps the headers",
        "enrich_pandas.journal.erasure:_erase_from_bodies",
        replace('_without(row["headers"], matcher)', 'row["headers"]'),
        PRIVACY,
    ),
    Mutant(
        "erasure misses other spellings",
        "enrich_pandas.journal.erasure:_legible",
        replace("unquote(unquote(text))", "unquote(text)"),
        "tests/journal/test_erasure.py",
    ),
    Mutant(
        "an open job brings erased people back",
        "enrich_pandas.journal:Journal.store_results",
        drop("erase_returned"),
        PRIVACY,
    ),
    Mutant(
        "a result is stored before the removal that it reports",
        "enrich_pandas.journal:Journal.store_results",
        replace(
            "(LANDED, facts)\n",
            "(LANDED, facts)\n        with self._database.writing() as connection:\n",
        ),
        JOURNAL,
    ),
    Mutant(
        "each removal in an answer reads the whole journal",
        "enrich_pandas.journal.erasure:erase_removed",
        replace(
            "removed.items()", "[(why, {one}) for why, all_ in removed.items() for one in all_]"
        ),
        PRIVACY,
    ),
    Mutant(
        "an identity that is erased from an open job has cost nothing",
        "enrich_pandas.journal.erasure:REMOVE_IDENTITIES",
        replace("MIN(at_risk, (reserved - held) * :share)", "0"),
        JOURNAL,
    ),
    Mutant(
        "the suppression list is not read before spending",
        "enrich_pandas.journal.suppression:SuppressionFilter.for_rows.find_cause",
        returns("None"),
        PRIVACY,
    ),
    Mutant(
        "the suppression list is not read before results are shown",
        "enrich_pandas.engine.results:Results.record",
        replace("self._screen().apply(answers)", "answers"),
        PRIVACY,
    ),
    Mutant(
        "the suppression list is readable",
        "enrich_pandas.journal.suppression:digest",
        returns('f"{kind} {name}".encode()'),
        PRIVACY,
    ),
]

RETENTION = [
    Mutant(
        "a lost answer is bought again if an older one is stored",
        "enrich_pandas.journal.records:Answer.as_of",
        returns("self.fetched"),
        RESUME,
    ),
    Mutant(
        "a lost answer expires with the match before it",
        "enrich_pandas.journal.retention:_delete_results",
        drop("RESTORE_LATER_STATUS"),
        RESUME,
    ),
    Mutant(
        "a held row expires and is bought again",
        "enrich_pandas.journal.retention:_delete_results",
        replace("AND status != ?", "AND ? != ''"),
        JOURNAL,
    ),
    Mutant(
        "an unread answer is used whatever its age",
        "enrich_pandas.engine.plan:Work.select_resent",
        replace("one.as_of <= self.oldest", "False"),
        RESUME,
    ),
    Mutant(
        "the quote counts an answer that is too old",
        "enrich_pandas.engine.plan:_is_old",
        returns("False"),
        RESUME,
    ),
    Mutant(
        "unread answers of a dead process never expire",
        "enrich_pandas.journal.retention:Retention.delete_expired",
        never("in dead"),
        PRIVACY,
    ),
    Mutant(
        "unread answers of a living process expire",
        "enrich_pandas.journal.retention:Retention.delete_expired",
        always("self._is_alive"),
        JOURNAL,
    ),
    Mutant(
        "a clock that was ahead stops the deletions",
        "enrich_pandas.journal.retention:Retention.delete_expired",
        replace("0 <= now - ", "now - "),
        PRIVACY,
    ),
]

FILES = [
    Mutant(
        "other users can read the journal",
        "enrich_pandas.journal.database:_make_private",
        replace("os.O_RDWR, 0o600", "os.O_RDWR, 0o644"),
        JOURNAL,
    ),
    Mutant(
        "another user's journal is used",
        "enrich_pandas.journal.database:_make_private",
        never("geteuid"),
        JOURNAL,
    ),
    Mutant(
        "a file that is no journal is replaced by an empty one",
        "enrich_pandas.journal.database:_version",
        never("APPLICATION_ID"),
        JOURNAL,
    ),
    Mutant(
        "a damaged journal is used",
        "enrich_pandas.journal:Journal.begin_run",
        drop("check_integrity"),
        DISK,
    ),
    Mutant(
        "a damaged index is not detected",
        "enrich_pandas.journal.disk:check_integrity",
        replace("integrity_check(1)", "quick_check(1)"),
        DISK,
    ),
    Mutant(
        "a folder that other users can change is used",
        "enrich_pandas.journal.disk:check_folder",
        replace("(stat.S_IWGRP | stat.S_IWOTH)", "0"),
        DISK,
    ),
    Mutant(
        "a folder that is a link is used",
        "enrich_pandas.journal.disk:check_folder",
        never("S_ISLNK"),
        DISK,
    ),
    Mutant(
        "no room is reserved for a full disk",
        "enrich_pandas.journal.disk:reserve_space",
        never("free * size"),
        DISK,
    ),
    Mutant(
        "an answer that the journal cannot store is dropped",
        "enrich_pandas.journal:Journal.record_answer",
        replace("self._overflow.guard(values), ", ""),
        OVERFLOW,
    ),
    Mutant(
        "an answer outside the journal is assigned to another request",
        "enrich_pandas.journal.disk:Overflow._restore",
        replace("AND sent = ? AND", "AND ? > 0 AND"),
        OVERFLOW,
    ),
]

MUTANTS = [
    *ORDER_OF_WRITES,
    *CLAIMS,
    *BUDGET,
    *OUTCOMES,
    *STOPPING,
    *BALANCES,
    *IDENTITIES,
    *FRAME,
    *WIRE,
    *ERASURE,
    *RETENTION,
    *FILES,
]
