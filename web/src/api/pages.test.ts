import { expect, it } from "vitest";
import { cursorOf } from "./pages";

const after = (href?: string | null) => cursorOf({ links: { next: { href } } });

it("the cursor of a page comes from its link, whatever its family calls it", () => {
  expect(after("http://x/y?limit=5&cursor=abc%3D")).toBe("abc=");
  expect(after("http://x/api/v1/users?limit=2&next=abc")).toBe("abc");
  expect(after("http://x/api/v1/api-keys?startingAfter=1-2")).toBe("1-2");
  expect(after("/api/v1/audits?cursor=q")).toBe("q");
});

it("the last page has none", () => {
  expect([after(null), after(), after("")]).toEqual([undefined, undefined, undefined]);
  expect([cursorOf({ links: {} }), cursorOf({ links: { next: null } })]).toEqual([undefined, undefined]);
});
