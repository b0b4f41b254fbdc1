// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { type Api, ApiProvider } from "../../api";
import { LocaleProvider } from "../../i18n";
import type { Block, Doc, Json } from "../document";
import { read } from "../document";
import type { Editor, Issue } from "../store";
import { PanelProvider } from "./context";
import { FieldEditor } from "./FieldEditor";
import type { Described } from "./queries";
import { specOf } from "./spec";

afterEach(cleanup);

function show(block: Block, field: Record<string, unknown>, issues: readonly Issue[] = []) {
  let now = block;
  const doc: Doc = read({ blocks: [block], variables: [] });
  const editor = {
    automationId: "a",
    readOnly: false,
    subscribe: () => () => {},
    getSnapshot: () => ({ doc }),
    block: () => now,
    editBlock: (_: string, change: (one: Block) => Block) => {
      now = change(now);
    },
  } as unknown as Editor;
  const described = {
    form: { inputs: [], settings: [] },
    structures: {
      conditions: {
        operators: [
          { name: "=", unary: false },
          { name: "empty", unary: true },
        ],
      },
    },
  } as unknown as Described;
  const around = ({ children }: { children: ReactNode }) => (
    <LocaleProvider>
      <ApiProvider api={{} as Api}>
        <QueryClientProvider client={new QueryClient()}>
          <PanelProvider value={{ editor, block, described, issues, save: undefined }}>
            {children}
          </PanelProvider>
        </QueryClientProvider>
      </ApiProvider>
    </LocaleProvider>
  );
  render(<FieldEditor spec={specOf(field, "input")} />, { wrapper: around });
  return () => now;
}

const input = (id: string, value: Json): Block => ({ id: "B", type: "X", inputs: [{ id, value, kept: 1 }] });

test("a text keeps what else the input holds, and a new one is written as documents have them", () => {
  const now = show(input("url", "a"), { id: "url", label: "URL", type: "text" });
  fireEvent.change(screen.getByLabelText("URL"), { target: { value: "{$.b}" } });
  expect(now().inputs).toEqual([{ id: "url", value: "{$.b}", kept: 1 }]);
  cleanup();
  const other = show({ id: "B", type: "X" }, { id: "url", label: "URL", type: "text" });
  fireEvent.change(screen.getByLabelText("URL"), { target: { value: "x" } });
  expect(other().inputs).toEqual([{ id: "url", value: "x", type: "string", structure: [] }]);
});

test("rows of an object in the form of pairs", () => {
  const now = show(input("headers", [{ key: "A", value: "1" }]), {
    id: "headers",
    label: "Headers",
    type: "mapping",
  });
  fireEvent.change(screen.getByLabelText("Value of A"), { target: { value: "2" } });
  expect(now().inputs?.[0]?.value).toEqual([{ key: "A", value: "2" }]);
  fireEvent.click(screen.getByRole("button", { name: "Remove row 1" }));
  expect(now().inputs?.[0]?.value).toEqual([]);
});

test("conditions: an operator without a right side has none", () => {
  const value = { mode: "all", conditions: [{ input1: "{$.a}", operator: "empty", input2: "" }], odd: true };
  const now = show(input("conditions", value), { id: "conditions", label: "Conditions", type: "conditions" });
  expect(screen.queryByLabelText("Condition 1: right side")).toBeNull();
  fireEvent.change(screen.getByLabelText("Condition 1: comparison"), { target: { value: "=" } });
  expect(now().inputs?.[0]?.value).toEqual({
    ...value,
    conditions: [{ input1: "{$.a}", operator: "=", input2: "" }],
  });
});

test("a switch writes what the document says: yes or true", () => {
  const now = show(input("async", "no"), {
    id: "async",
    label: "Wait",
    type: "boolean",
    formula: false,
    default: "no",
  });
  fireEvent.click(screen.getByRole("switch", { name: "Wait" }));
  expect(now().inputs?.[0]?.value).toBe("yes");
});

test("what the server says stands at the field", () => {
  const issue: Issue = {
    code: "formula-syntax",
    text: "there is no function 'oops'",
    blockId: "B",
    input: "url",
    position: 1,
    severity: "error",
  };
  show(input("url", "{oops: 1}"), { id: "url", label: "URL", type: "text" }, [issue]);
  expect(screen.getByRole("alert").textContent).toContain("oops");
  expect(screen.getByLabelText("URL").getAttribute("aria-invalid")).toBe("true");
  vi.restoreAllMocks();
});
