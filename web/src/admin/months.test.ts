import { expect, it } from "vitest";
import { lastMonths, monthRange } from "./months";
import { snippet } from "./Snippet";

it("knows the months", () => {
  expect(lastMonths(3, new Date("2026-01-31T23:00:00Z"))).toEqual(["2026-01", "2025-12", "2025-11"]);
  expect(monthRange("2028-02")).toEqual({ from: "2028-02-01", to: "2028-02-29" });
  expect(monthRange("2026-12")).toEqual({ from: "2026-12-01", to: "2026-12-31" });
});

it("writes what goes into a page as attributes", () => {
  expect(snippet("https://t.example", "studio", 'a"><b', "/t?a=1&b")).toBe(
    '<script src="https://t.example/embed.js" async></script>\n' +
      '<tieline-studio partner="a&quot;>&lt;b" token-url="/t?a=1&amp;b"></tieline-studio>'.replace(
        ">&lt;",
        ">&lt;",
      ),
  );
});
