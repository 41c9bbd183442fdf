"""The mutants: one defect each, of the kind that costs money, rows or people; all must be caught.

``tests`` are those that have to notice. A mutant that survives is a hole in the tests.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """A defect: what is put in place of what, in which file, and who has to notice."""

    name: str
    file: str
    old: str
    new: str
    tests: str


MONEY = "tests/end_to_end/test_money.py"
JOURNAL = "tests/journal/test_journal.py"
HTTP = "tests/transport/test_transport.py"
OUTCOME = "tests/transport/test_outcome.py"
DRIVER = "tests/engine/test_runner.py"
PRIVACY = "tests/end_to_end/test_privacy.py"
SAFETY = "tests/journal/test_disk.py"
CRASH = "tests/kills/test_crash_points.py"
KILLS = "tests/kills/test_random_kills.py"
PURSE = "tests/engine/test_balance.py"
CANARIES = "tests/end_to_end/test_canaries.py"
MIXED_UP = "tests/providers/test_mixed_up.py"
FRAMES = "tests/end_to_end/test_frames.py"

MUTANTS = [
    # -- the order of writes ---------------------------------------------------------------------
    Mutant(
        "the intent is serialize_request after the request is sent",
        "engine/sender.py",
        "                entry = self._intend(task, task.batch, request)\n"
        "                response, error = came = self._send(task, request)\n",
        "                response, error = came = self._send(task, request)\n"
        "                entry = self._intend(task, task.batch, request)\n",
        f"{CRASH} {MONEY}",
    ),
    Mutant(
        "the raw answer is not serialize_request",
        "engine/sender.py",
        "            self._journal.record_answer(entry, response)\n",
        "            pass\n",
        f"{JOURNAL} {DRIVER} {CRASH}",
    ),
    Mutant(
        "a result is serialize_request in another transaction than the end of its claim",
        "journal/__init__.py",
        '            connection.execute("DELETE FROM claims WHERE batch = ?", (batch,))\n',
        "            pass\n",
        f"{JOURNAL} {DRIVER}",
    ),
    Mutant(
        "a commit is not awaited to reach the disk",
        "journal/database.py",
        '"PRAGMA synchronous = EXTRA"',
        '"PRAGMA synchronous = OFF"',
        JOURNAL,
    ),
    Mutant(
        "a write-ahead log in place of the rollback journal",
        "journal/database.py",
        '"PRAGMA journal_mode = TRUNCATE"',
        '"PRAGMA journal_mode = WAL"',
        JOURNAL,
    ),
    Mutant(
        "who has serialize_request goes on before the commit",
        "journal/database.py",
        "        group_rows.wait()\n",
        "",
        "tests/journal/test_database.py",
    ),
    Mutant(
        "a failure takes back what others have serialize_request",
        "journal/database.py",
        '            self.connection.execute("ROLLBACK TO own")\n',
        "            self.connection.rollback()\n",
        "tests/journal/test_database.py",
    ),
    Mutant(
        "a commit that failed is known_secrets to bind_single_without_data who waited for it",
        "journal/database.py",
        "            raise self._failure\n",
        "            return\n",
        "tests/journal/test_database.py",
    ),
    Mutant(
        "what is connected when the run is stopped is sent",
        "transport/connection.py",
        "        if not self.may_send():\n",
        "        if not self.may_send() and False:\n",
        "tests/transport/test_transport.py",
    ),
    Mutant(
        "more requests at once than there are connections",
        "engine/sender.py",
        "            self._free -= is_mine\n",
        "",
        "tests/engine/test_slots.py",
    ),
    Mutant(
        "a long list is claimed at once",
        "engine/runner.py",
        "            may_begin=lambda: not self._sender.is_crowded,\n",
        "",
        DRIVER,
    ),
    Mutant(
        "looks at a list need no connection",
        "engine/sender.py",
        "        with self._slots.one() as is_mine:\n",
        "        for is_mine in [True]:\n",
        "tests/engine/test_polling.py",
    ),
    Mutant(
        "each worker asks for a token of its own",
        "engine/credentials.py",
        "                if self._used.token == self._replacement:\n                    return False\n",
        "",
        "tests/engine/test_tokens.py",
    ),
    Mutant(
        "a resumed run reckons ages from when it began to write",
        "waterfall/stage.py",
        "        max_age=started - work.oldest,\n",
        "        max_age=work.as_of - work.oldest,\n",
        "tests/end_to_end/test_resume_money.py",
    ),
    # -- who may ask about whom ------------------------------------------------------------------
    Mutant(
        "a held row is asked again by itself",
        "engine/plan.py",
        "        return not resend  # asking",
        "        return False  # asking",
        f"{MONEY} {DRIVER} {CRASH}",
    ),
    Mutant(
        "a held row is not recorded_headers",
        "journal/records.py",
        "STORED_STATUSES = (Status.MATCHED, Status.NOT_FOUND, Status.PENDING, Status.HELD)",
        "STORED_STATUSES = (Status.MATCHED, Status.NOT_FOUND, Status.PENDING)",
        f"{MONEY} {JOURNAL} {DRIVER}",
    ),
    Mutant(
        "what was bought since the plan was made is bought again",
        "journal/claims.py",
        "        *(key for key, as_of in answers if known_answers.get(key) != as_of),\n",
        "",
        f"{JOURNAL} {DRIVER}",
    ),
    Mutant(
        "a batch is adopted by two",
        "journal/__init__.py",
        """UPDATE batches SET lease = ? WHERE id = ? AND lease = ? AND state = 'open'",
                (lease, batch, row["lease"]),
""",
        """UPDATE batches SET lease = ? WHERE id = ? AND state = 'open'",
                (lease, batch),
""",
        JOURNAL,
    ),
    Mutant(
        "what seemed idle is given away remove_elements another check_claims",
        "journal/claims.py",
        "batch for batch, lease in batches if connection.execute(query, (batch, lease)).fetchone()",
        "batch for batch, lease in batches",
        JOURNAL,
    ),
    Mutant(
        "an identity is claimed by two",
        "journal/claims.py",
        "        *(row[0] for row in select_in(connection.execute, claimed, fingerprints)),\n",
        "",
        JOURNAL,
    ),
    Mutant(
        "the claims of the dead are given up though they may have been charged",
        "journal/__init__.py",
        "lease = ? AND state = 'open' AND at_risk IS NULL",
        "lease = ? AND state = 'open'",
        f"{JOURNAL} {DRIVER} {MONEY}",
    ),
    Mutant(
        "what a dead owner may have been charged for is idle",
        "journal/records.py",
        "        return not self.is_alive and self.at_risk is None",
        "        return not self.is_alive",
        JOURNAL,
    ),
    Mutant(
        "the living are taken for dead",
        "journal/claims.py",
        "    except Timeout:\n        return True",
        "    except Timeout:\n        return False",
        JOURNAL,
    ),
    Mutant(
        "a batch is adopted that was asked with other options",
        "journal/__init__.py",
        'if row is None or row["scope"] != scope or',
        "if row is None or",
        JOURNAL,
    ),
    Mutant(
        "a request of the dead is sent again on their behalf",
        "engine/sender.py",
        "        if task.adopt is not None and request.billed:\n",
        "        if False:\n",
        f"{DRIVER} {MONEY} {CRASH}",
    ),
    Mutant(
        "an intent remove_elements an answer was never sent",
        "journal/records.py",
        'outcome = Outcome.UNKNOWN if row["billed"] else Outcome.NOT_SENT',
        "outcome = Outcome.NOT_SENT",
        f"{JOURNAL} {CRASH} {DRIVER}",
    ),
    Mutant(
        "options do not count in what is stored",
        "engine/plan.py",
        "provider.version, kind, options])",
        "provider.version, kind])",
        MONEY,
    ),
    Mutant(
        "a sandbox's answer is served as a live one",
        "engine/plan.py",
        "text = pack([realm, provider.name,",
        "text = pack([provider.name,",
        "tests/engine/test_plan.py",
    ),
    Mutant(
        "a miss overwrites a hit",
        "journal/records.py",
        "for key, one in recorded_headers.items() if key not in hits]",
        "for key, one in recorded_headers.items()]",
        JOURNAL,
    ),
    Mutant(
        "a person is asked for once a spelling",
        "frame/canonical.py",
        "    return pa.array([value for value, _ in verdicts], TEXT), refused",
        "    verdicts = [(v and str(c), w) for (v, w), c in zip(verdicts, cells, strict=True)]\n"
        "    return pa.array([value for value, _ in verdicts], TEXT), refused",
        "tests/frame/test_validation.py tests/end_to_end/test_enrichment.py",
    ),
    # -- the budget ------------------------------------------------------------------------------
    Mutant(
        "the budget is no wall",
        "journal/claims.py",
        "    if budget is None:\n        return math.inf",
        "    if budget is None or budget:\n        return math.inf",
        f"{JOURNAL} {MONEY}",
    ),
    Mutant(
        "what is held does not count against the budget",
        "journal/claims.py",
        "ELSE spent + held END",
        "ELSE spent END",
        JOURNAL,
    ),
    Mutant(
        "what is reserved does not count against the budget",
        "journal/claims.py",
        "CASE state WHEN 'open' THEN reserved ELSE",
        "CASE state WHEN 'open' THEN 0 ELSE",
        f"{JOURNAL} {MONEY}",
    ),
    Mutant(
        "a large call needs no budget",
        "pipeline.py",
        "plan.credits <= options.confirm_above",
        "True",
        f"{MONEY} tests/end_to_end/test_enrichment.py tests/end_to_end/test_waterfall.py",
    ),
    # -- outcomes --------------------------------------------------------------------------------
    Mutant(
        "an error of the server is a refusal",
        "transport/outcome.py",
        "    return Outcome.SUPPRESSED if is_refusal else Outcome.UNKNOWN\n\n\ndef _unknown",
        "    return Outcome.SUPPRESSED\n\n\ndef _unknown",
        OUTCOME,
    ),
    Mutant(
        "a web page in place of an answer is an answer",
        "transport/outcome.py",
        '    if exchange.error == "too_large" or shape == "page":',
        '    if exchange.error == "too_large":',
        OUTCOME,
    ),
    Mutant(
        "a lost answer is asked for again",
        "transport/outcome.py",
        "(response.lost and not request.billed)",
        "response.lost",
        f"{DRIVER} {MONEY}",
    ),
    Mutant(
        "a cut answer is given up as a whole",
        "transport/outcome.py",
        '        redact_body = b"[" + b",".join(salvage(redact_body)) + b"]"',
        '        redact_body = b"[]"',
        f"{OUTCOME} tests/providers/test_salvage.py tests/end_to_end/test_money.py",
    ),
    Mutant(
        "requests are repeated below us",
        "transport/connection.py",
        "max_retries=0",
        "max_retries=3",
        HTTP,
    ),
    Mutant(
        "a billed request reuses a connection",
        "transport/client.py",
        "adapter = Adapter() if request.billed else self._adapter()",
        "adapter = self._adapter()",
        HTTP,
    ),
    # -- stopping --------------------------------------------------------------------------------
    Mutant(
        "an interrupt does not stop the spending",
        "engine/handle.py",
        "        except KeyboardInterrupt:\n            self.cancel()\n",
        "        except KeyboardInterrupt:\n",
        "tests/engine/test_interrupts.py tests/engine/test_handle.py",
    ),
    Mutant(
        "a dead key does not stop the run",
        "transport/outcome.py",
        "FATAL = (401, 402, 403)",
        "FATAL = ()",
        f"{DRIVER} {MONEY}",
    ),
    Mutant(
        "nothing useful arrives, and the run goes on",
        "engine/sender.py",
        "            is_enough = self._in_vain >= IN_VAIN",
        "            is_enough = False",
        f"{MONEY} {DRIVER} tests/end_to_end/test_vendors.py",
    ),
    # -- whose answer it is ----------------------------------------------------------------------
    Mutant(
        "an answer is bound by its position",
        "providers/binding.py",
        "        return next((sorted(claim & asked) for claim in self.claims if claim & asked), [])",
        "        return sorted(asked)[:1]",
        "tests/providers/test_binding.py tests/testing/test_contract.py",
    ),
    Mutant(
        "of two different answers the first is taken",
        "providers/amplemarket/results.py",
        "    return outcomes[0] if len(outcomes) == 1 else replace(CONFLICT, note=note)",
        "    return outcomes[0]",
        "tests/providers/test_amplemarket.py tests/testing/test_contract_jobs.py "
        "tests/testing/test_contract_jobs_of_vendors.py",
    ),
    Mutant(
        "a job of somebody else's is adopted",
        "providers/zoho/jobs.py",
        "if found and found.echo == asked(identity):",
        "if found:",
        "tests/providers/test_zoho_flow.py",
    ),
    Mutant(
        "nothing is waited for before a job counts as not accepted",
        "providers/zoho/jobs.py",
        "    for moment in (*(one for one in SOON if one < settle), settle) if sent else ():",
        "    for moment in (0.0,) if sent else ():",
        "tests/providers/test_zoho_flow.py",
    ),
    # -- the wire and its secrets ----------------------------------------------------------------
    Mutant(
        "a path may lead to another origin",
        "transport/client.py",
        "    if not _PATH.fullmatch(path):",
        "    if False:",
        "tests/transport/test_origin.py tests/transport/test_transport.py",
    ),
    Mutant(
        "plain http is as good",
        "transport/client.py",
        'if match["scheme"].lower() == "http" and not',
        "if False and not",
        "tests/transport/test_origin.py",
    ),
    Mutant(
        "an answer may be of any size",
        "transport/client.py",
        "                if redact_body.tell() > self._max_bytes:",
        "                if False:",
        HTTP,
    ),
    Mutant(
        "a slow answer is waited for remove_elements end",
        "transport/connection.py",
        "        self._connected.settimeout(self._connected.call.left())\n"
        "        return self._raw.readinto(buffer)",
        "        return self._raw.readinto(buffer)",
        HTTP,
    ),
    Mutant(
        "a credential shows itself",
        "providers/types.py",
        '        return "Secret(***)"',
        '        return f"Secret({self._value})"',
        "tests/engine/test_secrets.py enrich_pandas/providers/types.py",
    ),
    Mutant(
        "a person shows in a traceback",
        "providers/types.py",
        "        return f\"Identity({', '.join(name for name, _ in self.keys)})\"",
        "        return f\"Identity({', '.join(value for _, value in self.keys)})\"",
        "tests/engine/test_secrets.py enrich_pandas/providers/types.py",
    ),
    Mutant(
        "every process renews the token",
        "engine/credentials.py",
        "            if recorded_headers.token == stale or self._clock() >= recorded_headers.ends:\n",
        "            if True:\n",
        "tests/engine/test_tokens.py",
    ),
    # -- people and files ------------------------------------------------------------------------
    Mutant(
        "others may read_exchange the journal",
        "journal/database.py",
        "os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600",
        "os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644",
        JOURNAL,
    ),
    Mutant(
        "another user's journal is used",
        "journal/database.py",
        '    if found.st_uid != getattr(os, "geteuid", lambda: found.st_uid)():\n',
        "    if False:\n",
        JOURNAL,
    ),
    Mutant(
        "a recording is executed",
        "cassette/file.py",
        "            return _recording(*deserialize(text, _serializer(path))[:2])\n",
        "            __import__('yaml').unsafe_load(text)\n"
        "            return _recording(*deserialize(text, _serializer(path))[:2])\n",
        "tests/cassette/test_cassette.py",
    ),
    Mutant(
        "what is deleted stays readable",
        "journal/database.py",
        '"PRAGMA secure_delete = ON"',
        '"PRAGMA secure_delete = OFF"',
        PRIVACY,
    ),
    Mutant(
        "who is forgotten stays in the raw answers",
        "journal/erasure.py",
        "    _erase_from_bodies(connection, trace, own, stone.provider)\n",
        "",
        PRIVACY,
    ),
    Mutant(
        "who is forgotten stays in the headers",
        "journal/erasure.py",
        '_without(row["headers"], trace)',
        'row["headers"]',
        PRIVACY,
    ),
    Mutant(
        "whoever is spelled otherwise is overlooked",
        "journal/erasure.py",
        'return unquote(unquote(text)) if "%" in text else text',
        'return unquote(text) if "%" in text else text',
        "tests/journal/test_erasure.py",
    ),
    Mutant(
        "who was forgotten comes back with a job that was open",
        "journal/__init__.py",
        "            erase_returned(connection, kind, found, provider, batch)\n",
        "",
        PRIVACY,
    ),
    Mutant(
        "an answer lands before the removal that it tells of",
        "journal/__init__.py",
        """            erase_removed(connection, kind, found, provider, now)
            erase_returned(connection, kind, found, provider, batch)
""",
        """        with self._database.writing() as connection:
            erase_removed(connection, kind, found, provider, now)
            erase_returned(connection, kind, found, provider, batch)
""",
        JOURNAL,
    ),
    Mutant(
        "each whom an answer removes takes a pass of his own",
        "journal/erasure.py",
        "        erase(connection, kind, named, SuppressionEntry(CrustdataErrorBody(Status.REMOVED, reason), provider, now))\n",
        "        for one in named:\n"
        "            erase(connection, kind, [one], SuppressionEntry(CrustdataErrorBody(Status.REMOVED, reason), provider, now))\n",
        PRIVACY,
    ),
    Mutant(
        "who is forgotten while a job is open has cost nothing",
        "journal/erasure.py",
        "MIN(at_risk, (reserved - held) * :share)",
        "0",
        "tests/journal/test_journal.py",
    ),
    Mutant(
        "a lost answer is bought again where an older one stands",
        "journal/records.py",
        "return self.asked or self.fetched",
        "return self.fetched",
        "tests/end_to_end/test_resume_money.py",
    ),
    Mutant(
        "what is billed at no price cannot have been charged",
        "journal/database.py",
        "    SELECT SUM(credits) FROM requests",
        "    SELECT NULLIF(SUM(credits), 0) FROM requests",
        JOURNAL,
    ),
    Mutant(
        "who is held is counted beside what the vendor says it has cost",
        "journal/records.py",
        "return match.status is not Status.HELD or match.credits > 0",
        "return match.status is not Status.HELD",
        "tests/end_to_end/test_resume_money.py",
    ),
    Mutant(
        "more is held than can have been spent",
        "journal/__init__.py",
        "MAX(0, MIN(reserved - :spent, :held",
        "MAX(0, MAX(:held",
        JOURNAL,
    ),
    Mutant(
        "an answer that the journal does not take is dropped",
        "journal/__init__.py",
        "with self._spill.guarding(values), self._database.writing() as connection:",
        "with self._database.writing() as connection:",
        "tests/journal/test_spill.py",
    ),
    Mutant(
        "an answer that was recorded_headers elsewhere is taken for another request's",
        "journal/disk.py",
        "AND sent = ? AND answered IS NULL",
        "AND ? > 0 AND answered IS NULL",
        "tests/journal/test_spill.py",
    ),
    Mutant(
        "a lost answer is forgotten with the hit before it",
        "journal/retention.py",
        "    connection.execute(UNCOVERED, (moment,))\n",
        "",
        "tests/end_to_end/test_resume_money.py",
    ),
    Mutant(
        "a connection waits until its answer is serialize_request down",
        "engine/sender.py",
        "if response.outcome is not Outcome.ACCEPTED:",
        "if True:",
        DRIVER,
    ),
    Mutant(
        "a refusal's connection is another's before it is serialize_request down",
        "engine/sender.py",
        "if response.outcome is not Outcome.ACCEPTED:",
        "if False:",
        DRIVER,
    ),
    Mutant(
        "a process goes on with what another has taken over",
        "journal/__init__.py",
        "            check_owner(connection, batch, lease)\n",
        "",
        JOURNAL,
    ),
    Mutant(
        "what bind_single_without_data has read_exchange is used however old it is",
        "engine/plan.py",
        "else one.as_of <= self.oldest",
        "else False",
        "tests/end_to_end/test_resume_money.py",
    ),
    Mutant(
        "the quote counts an answer that is too old",
        "engine/plan.py",
        "return holder.sent is not None and holder.sent <= oldest",
        "return False",
        "tests/end_to_end/test_resume_money.py",
    ),
    Mutant(
        "who is held is forgotten in time, and bought again",
        "journal/retention.py",
        'WHERE fetched < ? AND status != ?", (moment, Status.HELD)',
        'WHERE fetched < ?", (moment,)',
        JOURNAL,
    ),
    Mutant(
        "what a dead process left unread is recorded_headers for ever",
        "journal/retention.py",
        '                if row["lease"] in dead:\n',
        "                if False:\n",
        PRIVACY,
    ),
    Mutant(
        "what a living process has not read_exchange yet is taken from it",
        "journal/retention.py",
        "if not self._is_alive(lease)}",
        "}",
        JOURNAL,
    ),
    Mutant(
        "a clock that was ahead stops the deletions",
        "journal/retention.py",
        "if swept and 0 <= now",
        "if swept and now",
        PRIVACY,
    ),
    Mutant(
        "the list is not looked at before spending",
        "journal/suppression.py",
        "            return stone and stone.refusal",
        "            return None",
        PRIVACY,
    ),
    Mutant(
        "the list is not looked at before showing",
        "engine/results.py",
        "self._keep(screen.format_value(answer))",
        "self._keep(answer)",
        PRIVACY,
    ),
    Mutant(
        "the list can be read_exchange",
        "journal/suppression.py",
        '    return hmac.digest(key, f"{kind} {mark}".encode(), hashlib.sha256)',
        '    return f"{kind} {mark}".encode()',
        PRIVACY,
    ),
    Mutant(
        "a damaged journal is used",
        "journal/__init__.py",
        "            check_integrity(connection, self.path)\n",
        "            pass\n",
        SAFETY,
    ),
    Mutant(
        "an index that leads to bind_single_without_data is no damage",
        "journal/disk.py",
        "PRAGMA integrity_check(1)",
        "PRAGMA quick_check(1)",
        SAFETY,
    ),
    Mutant(
        "a folder that others can change is used",
        "journal/disk.py",
        "(stat.S_IWGRP | stat.S_IWOTH)",
        "0",
        SAFETY,
    ),
    Mutant(
        "a folder that is a link is used",
        "journal/disk.py",
        "    if stat.S_ISLNK(found.st_mode):\n",
        "    if False:\n",
        SAFETY,
    ),
    Mutant(
        "nothing is put by for a full disk",
        "journal/disk.py",
        "    if free * size < needed:\n",
        "    if False:\n",
        SAFETY,
    ),
    Mutant(
        "a damaged file is replaced by an empty one",
        "journal/database.py",
        "    if application != APPLICATION_ID or version not in (*MIGRATIONS, VERSION):",
        "    if False:",
        JOURNAL,
    ),
    # -- the balance -----------------------------------------------------------------------------
    Mutant(
        "an empty build_run_facts stops nothing",
        "engine/balance.py",
        "            stop(_empty(self._provider))\n",
        "            pass\n",
        PURSE,
    ),
    Mutant(
        "a balance that cannot be read_exchange stops the run",
        "engine/balance.py",
        "        return None\n    if not isinstance(left, int | float)",
        "        raise\n    if not isinstance(left, int | float)",
        PURSE,
    ),
    Mutant(
        "the balance is asked before each request",
        "engine/balance.py",
        "            self._request = None\n",
        "",
        PURSE,
    ),
    Mutant(
        "a balance that is not answered holds the run",
        "engine/sender.py",
        "self._exchange(self._looking, replace(request, deadline=DEADLINE))",
        "self._exchange(self._looking, request)",
        PURSE,
    ),
    # -- what is format_value ---------------------------------------------------------------------------
    Mutant(
        "http.client prints the signed headers where it is asked to",
        "transport/connection.py",
        "        conn.set_debuglevel(0)  # http.client would print the signed headers\n",
        "",
        CANARIES,
    ),
    Mutant(
        "urllib3 logs the addresses of requests",
        "transport/connection.py",
        '    return not getattr(_quiet, "is_hushed", False)\n',
        "    return True\n",
        CANARIES,
    ),
    Mutant(
        "two threads make the decoder of a type at once",
        "providers/decoding.py",
        "        with _making:\n",
        "        if _making:\n",
        "tests/providers/test_decoding.py",
    ),
    # -- whose answer, whose row -----------------------------------------------------------------
    Mutant(
        "an accent is dropped from an echo",
        "providers/binding.py",
        'unicodedata.normalize("NFC", unicodedata.normalize("NFC", slug).lower()) or None',
        'unicodedata.normalize("NFKD", slug.lower()).encode("ascii", "ignore").decode() or None',
        MIXED_UP,
    ),
    Mutant(
        "a label of the frame's is guessed anew",
        "frame/output.py",
        "recorded_headers.dtype == object:",
        "False:",
        f"tests/frame/test_output.py {FRAMES}",
    ),
    Mutant(
        "a frame's rows come back in the order of their index",
        "frame/output.py",
        "    return result\n",
        "    return result.sort_index(kind='stable', key=lambda index: index.map(str))\n",
        FRAMES,
    ),
    Mutant(
        "rows that Dask makes up are sent",
        "pipeline.py",
        "            return True\n",
        "            return False\n",
        "tests/test_dask_frame.py",
    ),
    Mutant(
        "rows that Dask's tasks hold are taken for made up",
        "pipeline.py",
        "if module == TASKS:",
        "if False:",
        "tests/test_dask_frame.py",
    ),
    Mutant(
        "a price below nothing is taken",
        "providers/crustdata/prices.py",
        "bool(0 <= given",
        "bool(given",
        "tests/providers/test_crustdata.py",
    ),
]
