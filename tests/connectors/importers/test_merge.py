from __future__ import annotations

from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from tests.connectors.importers.support import Json, imported, many, obj, op, paging, param, spec
from tieline.connectors.importers import merge
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import Block, Fact, Manifest, ObjectType, RateBudget, WebhookEvent

HUMAN = Fact(by="human", note="support said so")
PATHS: dict[str, Any] = {
    "/things": {
        "get": op(
            obj(data=many({"$ref": "#/components/schemas/Thing"})),
            id="listThings",
            query=[param("page", "integer"), "updated_since"],
        ),
        "post": op(id="createThing", body=obj(name="string")),
    },
    "/things/{id}": {"delete": op(id="deleteThing")},
}


def first(**more: Any) -> Manifest:
    return imported(spec(PATHS, **more))


def block(manifest: Manifest, name: str) -> Block:
    return next(one for one in manifest.blocks if one.id == name)


def test_without_a_word_of_a_person_the_new_import_counts() -> None:
    assert merge(first(), first()) == first()


def test_what_a_person_said_survives_with_its_fact() -> None:
    old = first()
    listed = block(old, "list_things")
    listed.kind, listed.facts["kind"] = "search", HUMAN
    listed.records, listed.facts["records"] = "$.other", HUMAN
    paging(listed).start, paging(listed).facts["start"] = 0, HUMAN
    old.title, old.facts["title"] = "Our name", HUMAN
    old.objects[0].primary_key, old.objects[0].facts["primary_key"] = ["name"], HUMAN
    merged = merge(old, first())
    kept = block(merged, "list_things")
    assert (kept.kind, kept.records, paging(kept).start, merged.title) == ("search", "$.other", 0, "Our name")
    assert kept.facts["kind"] == paging(kept).facts["start"] == merged.facts["title"] == HUMAN
    assert merged.objects[0].primary_key == ["name"]
    assert paging(kept).param == "page" and kept.facts["object"].by == "importer"
    assert merge(merged, first()) == merged


def test_neither_argument_is_changed() -> None:
    old, new = first(), first()
    block(old, "list_things").facts["kind"] = HUMAN
    before = io.dump(old), io.dump(new)
    merge(old, new)
    assert (io.dump(old), io.dump(new)) == before


def test_blocks_and_objects_that_a_person_added_stay_and_others_go_with_the_document() -> None:
    old = first()
    old.blocks += [Block(id="ours", facts={"*": HUMAN}, output={"$ref": "#/schemas/Own"}), Block(id="gone")]
    old.objects.append(ObjectType(name="ours", facts={"*": HUMAN}))
    old.schemas |= {"Own": {"properties": {"a": {"$ref": "#/schemas/Inner"}}}, "Inner": {"type": "string"}}
    merged = merge(old, first())
    assert {"ours"} == {one.id for one in merged.blocks} - {one.id for one in first().blocks}
    assert "ours" in [one.name for one in merged.objects]
    assert {"Own", "Inner"} <= set(merged.schemas)


def test_a_whole_part_that_a_person_set_replaces_the_inferred_one() -> None:
    old = first()
    deleted = block(old, "delete_thing")
    deleted.rate, deleted.facts["rate"] = RateBudget(calls=1), HUMAN
    listed = block(old, "list_things")
    listed.paging, listed.facts["paging"] = replace(paging(listed), style="offset", param="skip"), HUMAN
    merged = merge(old, first())
    assert block(merged, "delete_thing").rate == RateBudget(calls=1)
    assert paging(block(merged, "list_things")).style == "offset"


def test_an_input_that_a_person_described_stays() -> None:
    old = first()
    created = block(old, "create_thing")
    created.inputs[0].label, created.inputs[0].required = "Its name", True
    created.facts["inputs.name"] = HUMAN
    kept = block(merge(old, first()), "create_thing")
    assert (kept.inputs[0].label, kept.inputs[0].required, kept.facts["inputs.name"]) == ("Its name", True, HUMAN)


def test_a_probe_outranks_a_guess_but_not_a_certain_document() -> None:
    old = first()
    listed = block(old, "list_things")
    probe = Fact(by="probe", evidence=["GET /things"])
    paging(listed).start, paging(listed).facts["start"] = 0, probe
    paging(listed).param, paging(listed).facts["param"] = "p", probe
    kept = paging(block(merge(old, first()), "list_things"))
    assert (kept.start, kept.facts["start"]) == (0, probe)
    assert (kept.param, kept.facts["param"].by) == ("page", "importer")


def test_names_and_guids_stay_when_a_title_changes() -> None:
    old, new = first(), first(info={"title": "Renamed", "version": "2"})
    merged = merge(old, new)
    assert (merged.name, merged.guid, merged.version) == (old.name, old.guid, "2.0.0")
    assert [one.guid for one in merged.blocks] == [one.guid for one in old.blocks]


def test_incremental_settings_of_a_person_survive_a_document_that_lost_them() -> None:
    old = first()
    changed = block(old, "list_things_incremental")
    assert changed.incremental is not UNSET
    changed.incremental.field, changed.incremental.facts["field"] = "stamp", HUMAN
    kept = block(merge(old, first()), "list_things_incremental").incremental
    assert kept is not UNSET and kept.field == "stamp"
    without = {**PATHS, "/things": {"get": op(obj(data=many()), id="listThings")}}
    assert "list_things_incremental" not in [one.id for one in merge(old, imported(spec(without))).blocks]


def renamed() -> Json:
    """The same calls under other names."""
    return {
        "/things": {
            "get": {**PATHS["/things"]["get"], "operationId": "thingsIndex"},
            "post": {**PATHS["/things"]["post"], "operationId": "listThings"},
        },
        "/things/{thing_id}": {"delete": {**PATHS["/things/{id}"]["delete"], "operationId": "removeThing"}},
    }


def test_a_renamed_operation_keeps_the_id_and_guid_that_automations_know() -> None:
    old = first()
    merged = merge(old, imported(spec(renamed())))
    calls = {one.id: (one.method, one.path.partition("{")[0], one.guid) for one in merged.blocks}
    assert calls == {one.id: (one.method, one.path.partition("{")[0], one.guid) for one in old.blocks}
    assert [one.id for one in block(merged, "delete_thing").inputs if one.location == "path"] == [
        one.id for one in block(old, "delete_thing").inputs if one.location == "path"
    ]
    io.load(io.dump(merged))


def test_a_new_operation_that_takes_over_a_name_gets_another_id() -> None:
    paths = renamed()
    paths["/others"] = {"get": op(many(), id="deleteThing")}
    merged = merge(first(), imported(spec(paths)))
    assert block(merged, "delete_thing").method == "DELETE"
    assert [one.id for one in merged.blocks if one.path == "/others"] == ["delete_thing_2"]


def corrected() -> Manifest:
    """Each kind of thing that a person can say, said once."""
    manifest = first(components={"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}})
    manifest.name = "mine"
    listing, creating = block(manifest, "list_things"), block(manifest, "create_thing")
    listing.kind, listing.facts["kind"] = "search", HUMAN
    listing.records, listing.facts["records"] = "$.rows", HUMAN
    own = replace(paging(listing), style="offset", param="skip", start=0, step="records")
    listing.paging, listing.facts["paging"] = own, HUMAN
    entry = creating.inputs[0]
    entry.required, entry.label = True, "Called"
    creating.facts[f"inputs.{entry.id}"] = HUMAN
    method = manifest.auth[0]
    method.prefix, method.facts["prefix"] = "Token ", HUMAN
    method.fields[0].label = "Your key"
    method.facts[f"fields.{method.fields[0].id}"] = HUMAN
    manifest.blocks.append(Block(id="ping", kind="get", path="/ping", facts={"*": HUMAN}))
    manifest.blocks = [one for one in manifest.blocks if one.id != "delete_thing"]
    manifest.facts["blocks.delete_thing"] = HUMAN
    manifest.webhooks.append(
        WebhookEvent(
            id="made",
            subscribe="create_thing",
            verification={"dialect": "github"},
            facts={"verification": HUMAN, "*": HUMAN},
        )
    )
    thing = manifest.objects[0]
    thing.primary_key, thing.facts["primary_key"] = ["name"], HUMAN
    thing.updated_field, thing.facts["updated_field"] = "changed", Fact(by="probe")
    manifest.title, manifest.facts["title"] = "My things", HUMAN
    return manifest


def test_every_kind_of_correction_survives_every_import() -> None:
    wanted = corrected()
    documents = [PATHS, renamed(), {"/things": PATHS["/things"]}]
    merged = wanted
    for paths in documents:
        new = spec(paths, components={"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}})
        merged = merge(merged, imported(new))
        listing, creating = block(merged, "list_things"), block(merged, "create_thing")
        assert (listing.kind, listing.records) == ("search", "$.rows")
        assert (paging(listing).style, paging(listing).param) == ("offset", "skip")
        assert (creating.inputs[0].required, creating.inputs[0].label) == (True, "Called")
        assert merged.auth[0].prefix == "Token "
        assert merged.auth[0].fields[0].label == "Your key"
        assert block(merged, "ping").path == "/ping"
        assert "delete_thing" not in {one.id for one in merged.blocks}
        assert merged.webhooks[0].verification == {"dialect": "github"}
        thing = next(one for one in merged.objects if one.name == wanted.objects[0].name)
        assert thing.primary_key == ["name"]
        assert merged.title == "My things"
        assert merged.name == "mine"
        # The document's own word for it is not certain enough to shake what a probe found.
        assert thing.updated_field == "changed"
        io.load(io.dump(merged))


def test_what_a_person_took_out_comes_back_when_it_is_put_back() -> None:
    old = corrected()
    old.blocks.append(next(one for one in first().blocks if one.id == "delete_thing"))
    assert block(merge(old, first()), "delete_thing").method == "DELETE"


def test_nothing_points_to_what_was_taken_out() -> None:
    old = first()
    old.blocks = [one for one in old.blocks if one.id != "create_thing"]
    old.facts["blocks.create_thing"] = HUMAN
    new = first()
    new.webhooks.append(WebhookEvent(id="made", subscribe="create_thing"))
    merged = merge(old, new)
    assert merged.webhooks[0].subscribe == ""
    io.load(io.dump(merged))
