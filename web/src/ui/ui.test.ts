import { ApiError, NoAnswer } from "@client";
import { expect, test } from "vitest";
import { translator } from "../i18n";
import { errorAt, iconNamed, joined, told } from ".";
import { windowOf } from "./useWindow";

const t = translator("en");
const refused = new ApiError(
  400,
  {
    errors: [
      { code: "bad", title: "Bad", detail: "name is too long.", source: { pointer: "/name" } },
      { code: "bad", title: "Bad", detail: "name is too long.", source: { pointer: "/other" } },
    ],
    traceId: "t1",
  },
  undefined,
);

test("an error is told in the server's sentences, each once", () => {
  expect(told(refused, t)).toEqual(["name is too long."]);
  expect(told(new ApiError(404, { error: "no such account", code: "not-found" }, undefined), t)).toEqual([
    "no such account",
  ]);
  expect(told(new NoAnswer(), t)).toEqual([t("state.offline")]);
  expect(told("what", t)).toEqual([t("state.failed")]);
});

test("an error stands at the field that it is about", () => {
  expect(errorAt(refused, "/name")).toBe("name is too long.");
  expect(errorAt(refused, "/color")).toBeUndefined();
  expect(errorAt(new Error("x"), "/name")).toBeUndefined();
});

test.each([
  ["", "a", false, "a"],
  ["a", "b", false, "a.b"],
  ["a", "3", true, "a[3]"],
  ["a", "b c", false, "a['b c']"],
  ["a", "it's", false, "a['it\\'s']"],
])("the path %s with %s", (path, key, inList, whole) => {
  expect(joined(path, key, inList)).toBe(whole);
});

test("an icon that nobody has drawn is a block", () => {
  expect(iconNamed("trash")).toBe("trash");
  expect(iconNamed("constructor")).toBe("block");
  expect(iconNamed(null, "globe")).toBe("globe");
});

test("a window of a long list holds what is seen and a little more", () => {
  expect(windowOf({ from: 0, room: 11 }, 1000)).toEqual({ first: 0, last: 19 });
  expect(windowOf({ from: 500, room: 11 }, 1000)).toEqual({ first: 492, last: 519 });
  expect(windowOf({ from: 1e9, room: 11 }, 10)).toEqual({ first: 0, last: 10 });
  expect(windowOf({ from: 995, room: 11 }, 900)).toEqual({ first: 881, last: 900 });
  expect(windowOf({ from: 0, room: 1 }, 0)).toEqual({ first: 0, last: 0 });
});
