"""One way to subscribe with all that belongs to it: the blocks, the secret, the signature and the handshake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tieline.connectors.importers.classify import webhook_facts as facts
from tieline.connectors.importers.classify import webhook_facts_relations as relations
from tieline.connectors.importers.classify import webhook_facts_subscription as subscription
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.webhook_facts import Conclusion, Said
from tieline.connectors.importers.classify.webhook_facts_handshake import handshake_in
from tieline.connectors.importers.classify.webhook_facts_signature import verification_in
from tieline.connectors.importers.classify.words import plain
from tieline.connectors.importers.description import Event, Operation
from tieline.connectors.manifest.model import Block, Input, Manifest

SECRET_FIELD = "webhook_secret"  # noqa: S105 - what the field is called
_USER = "tieline"
_ABOUT_LIFE = re.compile(r"subscri|web ?hook|channel|\bhook|registration|\bit\b", re.IGNORECASE)
_OTHER_LIFE = re.compile(
    r"\b(?:secret|token|signature|timestamp|retr(?:y|ies)|deliver\w*|attempt|access|log)s?\b", re.IGNORECASE
)
_KEYED_BY = re.compile(
    r"(?P<client>\b(?:client|app|application|consumer|oauth)(?:'s|’s)?[ _-](?:client )?secret\b)"
    r"|(?P<api>\bapi[ _-](?:key|secret|token)\b)",
    re.IGNORECASE,
)
_KEY = re.compile(r"hmac|sign(?:ed|ing|ature)|keyed|\bkey\b", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"(?:secret|signing key|key)\b[^.\n]{0,120}\b(?:dashboard|settings|console|portal|admin|account page"
    r"|app page|control panel)"
    r"|(?:dashboard|settings|console|portal|control panel)\b[^.\n]{0,80}\b(?:secret|signing key)",
    re.IGNORECASE,
)


class Family:
    """A subscribing block (None: subscriptions are made by hand) and what the document says about it."""

    def __init__(
        self,
        adder: Block | None,
        manifest: Manifest,
        operations: Mapping[str, Operation],
        shapes: Shapes,
        general: list[Said],
    ) -> None:
        self.adder = adder
        self.manifest = manifest
        self.shapes = shapes
        self.general = general
        self.op = operations.get(adder.id) if adder is not None else None
        self.at = self.op.pointer if self.op is not None else ""
        self.names_events = adder is not None and subscription.event_input(adder) is not None
        self._partners: dict[str, tuple[Block | None, float]] = {}
        self._proofs: dict[str, list[Conclusion]] = {}
        self.own: list[Said] = []
        self.answer: Any = None
        self.listed: Any = None
        if adder is None:
            return
        for kind in ("webhook_remove", "webhook_list"):
            self._partners[kind] = relations.partner_of(adder, manifest.blocks, kind)
        if self.op is not None:
            self.own = facts.of_operation(self.op)
            if self.op.body is not None:
                self.own += facts.of_fields(shapes.members(self.op.body.schema), self.op.body.pointer or self.at)
            self.answer, at = subscription.record_of(self.op, adder, shapes)
            self.own += facts.of_fields(shapes.members(self.answer), at)
            self.own = list({one.text: one for one in self.own}.values())
        lister = self._partners["webhook_list"][0]
        if lister is not None:
            self.listed, _ = subscription.record_of(operations.get(lister.id), lister, shapes)

    def belongings(self, callback: str) -> list[Conclusion]:
        """The blocks and fields of a subscription."""
        if self.adder is None:
            return []
        found = [subscription.inputs_of(self.adder, self.op, callback)]
        remover, sure = self._partners["webhook_remove"]
        if remover is not None:
            found.append(
                Conclusion({"unsubscribe": remover.id}, sure, self.at, "its path belongs to the same subscriptions")
            )
        lister, sure = self._partners["webhook_list"]
        if lister is not None:
            found.append(Conclusion({"list": lister.id}, sure, self.at, "its path belongs to the same subscriptions"))
        found += subscription.id_and_state(self.answer, self.listed, remover, self.adder, self.shapes, self.at)
        expires = any("expires_path" in one.values for one in found)
        text = ". ".join(
            sentence
            for said in self.own
            for sentence in re.split(r"(?<=\w)[.;]\s+|\n", said.text)
            if _ABOUT_LIFE.search(sentence) and not _OTHER_LIFE.search(sentence)
        )
        renewers = relations.renewers_of(self.adder, self.manifest.blocks)
        ends = subscription.ending(text, self.adder, renewers, expires, self.at)
        return [*found, ends] if ends is not None else found

    def proofs(self, event: Event) -> list[Conclusion]:
        """``verification``, ``handshake`` and where the secret comes from. Events of one family are mostly alike."""
        told = facts.of_event(event)
        telling = [one for one in told if facts.is_telling(one)]
        key = repr((sorted(event.headers.items()), [one.text for one in telling]))
        if key not in self._proofs:
            self._proofs[key] = self._proof(event, telling)
        return self._proofs[key]

    def _proof(self, event: Event, told: list[Said]) -> list[Conclusion]:
        saids = [*told, *self.own, *self.general]
        found: list[Conclusion] = []
        shake = handshake_in(saids, subscription.by_plain(self.adder) if self.adder is not None else {})
        if shake is not None:
            found.append(shake)
        signed = verification_in(event.headers, saids, event.pointer)
        if signed is None or not signed.values:
            if signed is not None:
                found.append(signed)
            elif self._has_secret():
                ask = "a subscription has a secret, but the document does not say how deliveries are signed with it"
                found.append(Conclusion({}, 0.3, self.at, "", ask))
            return found
        found.append(signed)
        if self.adder is None or (shake is not None and shake.values["handshake"]["kind"] == "header"):
            return found
        found.append(self._secret(signed, saids))
        return found

    def _secret(self, signed: Conclusion, saids: list[Said]) -> Conclusion:
        """Where the secret comes from: ours, the answer's, or a field of the connection."""
        dialect = str(signed.values["verification"].get("dialect"))
        token = dialect in ("token", "basic", "jwt")
        own = self._secret_field(token=token)
        if own is not None:
            found = Conclusion({"secret_input": own.id}, 0.9, self.at, "the subscribing call takes the secret")
            user = (
                subscription.named(self.adder, ("username", "user", "login"))
                if dialect == "basic" and self.adder
                else None
            )
            if user is not None:
                signed.values["verification"]["username"] = _USER
                found.values["inputs"] = {user.id: _USER}
            return found
        told = self._secret_told(token=token)
        if told is not None:
            return Conclusion(
                {"secret_path": told[0]}, told[1], self.at, "the answer of the subscribing call holds the secret"
            )
        for said in saids:
            for sentence in re.split(r"(?<=[\w)`])[.;]\s+(?=[A-Z`])|\n", said.text):
                if not _KEY.search(sentence):
                    continue
                keyed = _KEYED_BY.search(sentence)
                if keyed is not None:
                    name = self._credential(client=keyed["client"] is not None)
                    if name:
                        return Conclusion(
                            {"secret_from": name}, 0.8, said.at, "deliveries are signed with that credential"
                        )
                if _ELSEWHERE.search(sentence):
                    return self._asked_for(said.at, 0.8, "the secret is shown in the vendor's settings", "")
        ask = (
            "where does the signing secret come from? The document does not say; the connection has a field for it now"
        )
        return self._asked_for(self.at, 0.4, "the document does not say where the secret comes from", ask)

    def _credential(self, *, client: bool) -> str:
        """The field of the connection that holds the client secret, or the key."""
        for method in self.manifest.auth:
            for one in method.fields:
                name = plain(one.id)
                if one.secret and (
                    "clientsecret" in name if client else re.search("key|token|secret", name) and "client" not in name
                ):
                    return one.id
        return ""

    def _asked_for(self, at: str, sure: float, note: str, ask: str) -> Conclusion:
        """A field of its own on every connection, which a person fills in once."""
        for method in self.manifest.auth:
            if all(one.id != SECRET_FIELD for one in method.fields):
                said = "What the API signs its webhook deliveries with; needed for webhooks only."
                method.fields.append(
                    Input(
                        id=SECRET_FIELD, label="Webhook signing secret", type="password", secret=True, description=said
                    )
                )
        if not self.manifest.auth:
            return Conclusion({}, sure, at, note, ask or "the signing secret has to be given with each subscription")
        return Conclusion({"secret_from": SECRET_FIELD}, sure, at, note, ask)

    def _has_secret(self) -> bool:
        told = self._secret_told(token=False)
        given = subscription.named(self.adder, subscription.SECRETS) if self.adder is not None else None
        return given is not None or (told is not None and told[1] > 0.9)

    def _secret_field(self, *, token: bool) -> Input | None:
        if self.adder is None:
            return None
        words = [*subscription.SECRETS, *subscription.TOKENS] if token else [*subscription.SECRETS, *subscription.KEYS]
        found = subscription.named(self.adder, words)
        return found if found is not None and found.type in ("string", "password") else None

    def _secret_told(self, *, token: bool) -> tuple[str, float] | None:
        return subscription.secret_in_answer(self.answer, self.shapes, token=token) if self.answer is not None else None
