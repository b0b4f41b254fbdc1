import { describe, expect, it } from "vitest";
import { asWritten, writtenIn } from "./exact";
import { EditorStore } from "./store";
import { workspaceIn } from "./transfer";

const HARD =
  '{"version":1.0,"blocks":[{"id":"a","type":"StartBlock","x":1.50,"inputs":[{"id":"n","value":12345678901234567890},' +
  '{"id":"m","value":[1e400,-0,1E5,0.1,7,{"id":"in","deep":2.0}]}]},{"id":"b","type":"ShowBlock","x":9007199254740993}],' +
  '"variables":[{"guid":"g","name":"v","type":"number","start":3.00}],"rest":{"y":4.0}}';

function opened(text: string) {
  return new EditorStore({
    automationId: "x",
    workspace: JSON.parse(text),
    text,
    about: { name: "", description: "", schedules: [], maxConcurrentRuns: 0 },
    base: { etag: null, version: 1 },
  });
}

describe("numbers as they were written", () => {
  it("a document that nobody edits is written as it came", () => {
    expect(JSON.stringify(opened(HARD).workspace())).toBe(HARD);
  });

  it("of an automation, the workspace counts", () => {
    const whole = `{"id":1.0,"workspace":${HARD}}`;
    expect(JSON.stringify(asWritten(JSON.parse(HARD), writtenIn(whole)))).toBe(HARD);
  });

  it("an edit changes what it edits, and a step back brings it back", () => {
    const store = opened(HARD);
    store.setInput("a", "n", 5);
    store.editBlock("b", (block) => ({ ...block, comment: "c", x: 10 }));
    const wanted = HARD.replace("12345678901234567890", "5").replace(
      "9007199254740993}",
      '10,"comment":"c"}',
    );
    expect(JSON.stringify(store.workspace())).toBe(wanted);
    store.undo();
    store.undo();
    expect(JSON.stringify(store.workspace())).toBe(HARD);
  });

  it("what moves in its list is found again", () => {
    const store = opened(HARD);
    store.edit((doc) => ({ ...doc, blocks: doc.blocks.toReversed() }));
    expect(JSON.stringify(store.workspace())).toContain('"x":9007199254740993');
    expect(JSON.stringify(store.workspace())).toContain('"value":12345678901234567890');
  });

  it("a file goes in as it is, into a new automation and into one that is open", () => {
    const found = workspaceIn(`\uFEFF{"name":"n","workspace":${HARD}}`);
    expect(JSON.stringify(asWritten(found?.workspace, found?.written ?? new Map()))).toBe(HARD);
    const store = opened('{"blocks":[]}');
    store.replace(found?.workspace, found?.written);
    expect(JSON.stringify(store.workspace())).toBe(HARD);
  });

  it("plain numbers need nothing", () => {
    expect(writtenIn('{"a":[1,2.5,1e21,-3]}').size).toBe(1);
    expect(writtenIn('{"a":[1,2.5,-3]}').size).toBe(0);
  });
});
