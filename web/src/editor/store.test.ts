import { describe, expect, it } from "vitest";
import { duplicated } from "./clip";
import { chain, inputOf, write } from "./document";
import { insert, move, remove, setDisabled, shift } from "./edits";
import { renameBlock } from "./names";
import { block, dice, long, sample } from "./samples";
import { EditorStore, spotFor } from "./store";

function editor(workspace: unknown = sample(), more: { readOnly?: boolean } = {}) {
  let now = 0;
  const store = new EditorStore({
    automationId: "1",
    workspace,
    about: { name: "One", description: "", schedules: [], maxConcurrentRuns: 1 },
    base: { etag: '"1-x"', version: 1 },
    clock: () => now,
    ...more,
  });
  return { store, later: (milliseconds: number) => (now += milliseconds) };
}

const bytes = (store: EditorStore) => JSON.stringify(write(store.getSnapshot().doc));
const url = (store: EditorStore) => inputOf(store.block("A") ?? block("?", "?"), "url")?.value;

describe("undo", () => {
  it("joins typing in one field and nothing else", () => {
    const { store, later } = editor();
    const before = bytes(store);
    for (const text of ["h", "ht", "htt"]) {
      store.setInput("A", "url", text);
      later(200);
    }
    store.setInput("Y1", "input", "x");
    store.undo();
    expect(url(store)).toBe("htt");
    store.undo();
    expect(bytes(store)).toBe(before);
    expect(store.getSnapshot().canUndo).toBe(false);
    store.redo();
    expect(url(store)).toBe("htt");
  });
  it("does not join what is a second apart", () => {
    const { store, later } = editor();
    store.setInput("A", "url", "a");
    later(1500);
    store.setInput("A", "url", "b");
    store.undo();
    expect(url(store)).toBe("a");
  });
  it("forgets what was undone when something else is done", () => {
    const { store } = editor();
    store.setInput("A", "url", "a");
    store.undo();
    store.setInput("A", "url", "b");
    expect(store.getSnapshot().canRedo).toBe(false);
  });
  it.each([11, 12, 13, 14, 15])("brings back every byte after any edits (seed %i)", (seed) => {
    const roll = dice(seed * 104_729);
    const { store, later } = editor(seed % 2 === 0 ? sample() : long(60));
    const states = [bytes(store)];
    for (let step = 0; step < 80; step += 1) {
      later(5000);
      const { doc } = store.getSnapshot();
      const pick = () => doc.blocks[roll(doc.blocks.length)]?.id ?? "";
      const [id, other] = [pick(), pick()];
      const which = roll(8);
      if (which === 0) store.setInput(id, "input", `{$.x${step}}`);
      else if (which === 1)
        store.edit((one) =>
          insert(one, { parent: other, edge: "childId" }, [block(`N${step}`, "ShowBlock")], [`N${step}`]),
        );
      else if (which === 2 && doc.blocks.length > 6 && store.block(id)?.type !== "StartBlock")
        store.edit((one) => remove(one, [id]));
      else if (which === 3) store.edit((one) => move(one, [id], { parent: other, edge: "childId" }));
      else if (which === 4) store.edit((one) => shift(one, id, "up"));
      else if (which === 5) store.edit((one) => duplicated(one, [id]).doc);
      else if (which === 6) store.edit((one) => renameBlock(one, id, `name ${step}`).doc);
      else store.edit((one) => setDisabled(one, [id], roll(2) === 0));
      if (bytes(store) !== states.at(-1)) states.push(bytes(store));
    }
    const last = states.at(-1);
    for (const expected of states.slice(0, -1).toReversed()) {
      store.undo();
      expect(bytes(store)).toBe(expected);
    }
    expect(store.getSnapshot().dirty).toBe(false);
    while (store.getSnapshot().canRedo) store.redo();
    expect(bytes(store)).toBe(last);
  });
});

describe("what is saved", () => {
  it("is clean again after undo", () => {
    const { store } = editor();
    expect(store.getSnapshot().dirty).toBe(false);
    store.setInput("A", "url", "a");
    expect(store.getSnapshot().dirty).toBe(true);
    store.undo();
    expect(store.getSnapshot().dirty).toBe(false);
  });
  it("keeps as edits what was typed while it was being sent", () => {
    const { store } = editor();
    store.setInput("A", "url", "a");
    const sent = store.sending();
    store.setInput("A", "url", "ab");
    store.saved(sent, { etag: '"2-x"', version: 2 }, []);
    expect(store.getSnapshot().dirty).toBe(true);
    expect(store.base.version).toBe(2);
    store.undo();
    expect(store.getSnapshot().dirty).toBe(true);
  });
  it("holds what is folded only together with edits", () => {
    const { store } = editor();
    store.fold(["IF"], true);
    expect(store.getSnapshot().dirty).toBe(false);
    expect(JSON.stringify(store.workspace())).toContain('"isCollapsed":true');
    expect(bytes(store)).toBe(JSON.stringify(sample()));
  });
  it("knows the name of the automation as an edit", () => {
    const { store } = editor();
    store.describe({ name: "Two" });
    expect(store.getSnapshot()).toMatchObject({ dirty: true, about: { name: "Two" } });
  });
  it("can take what somebody else saved, and undo brings the own back", () => {
    const { store } = editor();
    store.setInput("A", "url", "mine");
    const theirs = { blocks: [block("START", "StartBlock")], variables: [] };
    store.adopt(theirs, store.getSnapshot().about, { etag: '"5-x"', version: 5 });
    expect(store.getSnapshot().dirty).toBe(false);
    expect(bytes(store)).toBe(JSON.stringify(theirs));
    store.undo();
    expect(url(store)).toBe("mine");
    expect(store.getSnapshot().dirty).toBe(true);
  });
});

describe("those who may only look", () => {
  it("change nothing", () => {
    const { store } = editor(sample(), { readOnly: true });
    store.setInput("A", "url", "a");
    store.rename("A", "b");
    store.describe({ name: "Two" });
    store.undo();
    expect(bytes(store)).toBe(JSON.stringify(sample()));
    expect(store.getSnapshot().dirty).toBe(false);
    store.fold(["IF"], true);
    expect(store.getSnapshot().folded.has("IF")).toBe(true);
  });
});

describe("selection", () => {
  it("takes one, several and ranges", () => {
    const { store } = editor();
    store.select("A");
    store.select("LOOP", "range");
    expect([...store.getSnapshot().selected]).toEqual(["A", "IF", "Y1", "Y2", "N1", "LOOP"]);
    store.select("Z", "toggle");
    expect(store.getSnapshot().selected.has("Z")).toBe(true);
    store.select("Z", "toggle");
    expect(store.getSnapshot().selected.has("Z")).toBe(false);
    store.select(null);
    expect(store.getSnapshot().selected.size).toBe(0);
  });
  it("goes to the block before when the current one is removed", () => {
    const { store } = editor();
    store.select("LOOP");
    store.edit((doc) => remove(doc, ["LOOP"]));
    expect(store.getSnapshot().current).toBe("IF");
  });
  it("opens what hides a block", () => {
    const { store } = editor();
    store.fold(["LOOP", "INNER"], true);
    store.reveal("I1");
    expect(store.getSnapshot()).toMatchObject({ current: "I1", folded: new Set() });
  });
  it("goes to the block that hides the current one", () => {
    const { store } = editor();
    store.select("I1");
    store.fold(["LOOP", "INNER"], true);
    expect(store.getSnapshot().current).toBe("LOOP");
  });
  it("says where something new goes", () => {
    const { store } = editor();
    expect(spotFor(store)).toEqual({ parent: "Z", edge: "childId" });
    store.select("Y1");
    expect(spotFor(store)).toEqual({ parent: "Y1", edge: "childId" });
    expect(spotFor(editor({}).store)).toBeNull();
  });
});

describe("snapshots", () => {
  it("stay the same while nothing happens", () => {
    const { store } = editor();
    const before = store.getSnapshot();
    let told = 0;
    const stop = store.subscribe(() => (told += 1));
    store.edit((doc) => doc);
    store.select(null);
    expect(store.getSnapshot().doc).toBe(before.doc);
    stop();
    store.setInput("A", "url", "x");
    expect(told).toBe(1);
    expect(chain(store.getSnapshot().doc, "START")).toEqual(chain(before.doc, "START"));
  });
  it("edits one block of a thousand in well under a millisecond", () => {
    const { store, later } = editor(long(1000));
    const began = performance.now();
    for (let at = 0; at < 200; at += 1) {
      later(2000);
      store.setInput("B500", "input", `text ${at}`);
    }
    expect((performance.now() - began) / 200).toBeLessThan(1);
  });
});
