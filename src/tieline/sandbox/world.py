"""Both products together, as they share one process: `World` builds them from a seed and can compare them."""

from __future__ import annotations

import base64
import hmac
import random
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from tieline.sandbox.clock import Stamps
from tieline.sandbox.dialbook import api as dialbook_api
from tieline.sandbox.dialbook import oauth
from tieline.sandbox.dialbook import seed as dialbook_seed
from tieline.sandbox.dialbook.store import Store as DialbookStore
from tieline.sandbox.gather import api as gather_api
from tieline.sandbox.gather import seed as gather_seed
from tieline.sandbox.gather.store import Store as GatherStore
from tieline.sandbox.hooks import Hooks, standard_webhooks, timestamped_hex
from tieline.sandbox.replays import Replays
from tieline.sandbox.service import Service, Settings
from tieline.sandbox.web import JSON, Refusal, Reply, Request, encode

API_KEY = "gk_demo_7Rk2vQ9sXcB4"
API_KEY_HEADER = "X-Gather-Key"
_HERE = Path(__file__).parent
_PROBLEM = (b"content-type", b"application/problem+json")


class World:
    """Two services over two stores, the same for the same ``registrations`` and ``seed``."""

    def __init__(self, registrations: int = 1000, seed: int = 1, settings: Settings | None = None) -> None:
        self.registrations, self.seed = registrations, seed
        self.settings = settings or Settings()
        dice = random.Random(seed)
        stamps = Stamps(gather_seed.SEEDED_UNTIL)

        def secret() -> str:
            return "whsec_" + base64.b64encode(dice.randbytes(24)).decode()

        registered = ("registration.created", "registration.updated", "registration.deleted")
        hooks = Hooks(registered, standard_webhooks, dice, secret)
        self.events_store = GatherStore(dice, stamps, hooks)
        gather_seed.fill(self.events_store, registrations)
        self.events = Service(
            "gather",
            authenticate=_api_key,
            render=_gather_error,
            hooks=hooks,
            replays=Replays(conflict=422),
            replay_header=b"idempotent-replayed",
            settings=self.settings,
        )
        gather_api.Api(self.events_store, self.events.router, self.events.ledger, lambda: self.gather_document)

        calling = ("call.incoming", "call.updated", "call.ended")
        hooks = Hooks(calling, timestamped_hex, dice, lambda: f"dbsig_{dice.getrandbits(160):040x}")
        self.telephony_store = DialbookStore(dice, stamps, hooks)
        dialbook_seed.fill(self.telephony_store)
        self.tokens = oauth.Tokens(self.settings)
        self.telephony = Service(
            "dialbook",
            authenticate=self.tokens.caller,
            render=_dialbook_error,
            hooks=hooks,
            replays=Replays(conflict=409),
            replay_header=b"idempotency-replayed",
            settings=self.settings,
        )
        ledger = self.tokens.ledger = self.telephony.ledger
        dialbook_api.Api(self.telephony_store, self.telephony.router, ledger, self.settings, self.tokens)
        self._documents()

    @cached_property
    def gather_document(self) -> dict[str, Any]:
        return _load("gather/openapi.yaml")

    @cached_property
    def dialbook_document(self) -> dict[str, Any]:
        return _load("dialbook/openapi.yaml")

    def _documents(self) -> None:
        """`/openapi.json` on both, `/openapi.yaml` on Dialbook; they name the address that the client used."""

        def gather_json(request: Request) -> Reply:
            document = {name: part for name, part in self.gather_document.items() if name != "x-object-types"}
            return Reply(200, encode(document).replace(b"http://127.0.0.1:8410", request.base.encode()), (JSON,))

        def dialbook_json(request: Request) -> Reply:
            return Reply(
                200, encode(self.dialbook_document).replace(b"http://127.0.0.1:8420", request.base.encode()), (JSON,)
            )

        def dialbook_yaml(request: Request) -> Reply:
            text = (
                (_HERE / "dialbook/openapi.yaml").read_bytes().replace(b"http://127.0.0.1:8420", request.base.encode())
            )
            return Reply(200, text, ((b"content-type", b"application/yaml"),))

        self.events.router.add("GET", "/openapi.json", gather_json, open=True)
        self.telephony.router.add("GET", "/openapi.json", dialbook_json, open=True)
        self.telephony.router.add("GET", "/openapi.yaml", dialbook_yaml, open=True)


def _load(path: str) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.yaml.decode((_HERE / path).read_bytes())
    return document


def _api_key(request: Request) -> str:
    given = request.header(API_KEY_HEADER.lower().encode())
    if not given:
        raise Refusal(401, "missing_api_key", f"Send your key in the header '{API_KEY_HEADER}'.", field=API_KEY_HEADER)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), API_KEY.encode()):
        raise Refusal(401, "invalid_api_key", f"The key in '{API_KEY_HEADER}' is not valid.", field=API_KEY_HEADER)
    return "demo"


def _gather_error(refusal: Refusal, request: Request) -> Reply:
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(refusal.status, "invalid_request_error")
    error = {
        "type": kind,
        "code": refusal.code,
        "message": refusal.message,
        "param": refusal.field or None,
        "request_id": request.id,
    }
    return Reply(refusal.status, encode({"error": error}), (JSON, *refusal.headers))


def _dialbook_error(refusal: Refusal, request: Request) -> Reply:
    """RFC 9457 problem details."""
    problem: dict[str, Any] = {
        "type": f"https://docs.dialbook.example/problems/{refusal.code}",
        "title": refusal.code.replace("_", " ").capitalize(),
        "status": refusal.status,
        "detail": refusal.message,
    }
    if refusal.field:
        problem["errors"] = [{"field": refusal.field, "message": refusal.message}]
    return Reply(refusal.status, msgspec.json.encode(problem), (_PROBLEM, *refusal.headers))
