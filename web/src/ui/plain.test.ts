import { expect, it } from "vitest";
import { plain } from "./plain";

it.each([
  [
    "## Attendees\n\nLists **all** attendees, _newest_ first.",
    "Attendees Lists all attendees, newest first.",
  ],
  ['See [the guide](https://x.example/a_(b) "Guide") and ![a picture](x.png)', "See the guide and a picture"],
  ["* one\n* two\n\n1. first\n   - inner\n> said", "one two first inner said"],
  [
    "Fields: `first_name`, `*`\n---\n~~old~~ <https://x.example>",
    "Fields: `first_name`, `*` old https://x.example",
  ],
  ["```json\n{}\n```", "{}"],
  ["a_b_c, 2 * 3 * 4, \\*literal\\*, C#", "a_b_c, 2 * 3 * 4, *literal*, C#"],
  ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
  ["שלום **עולם** 🙂", "שלום עולם 🙂"],
  ["", ""],
])("%j is read as %j", (markdown, text) => {
  expect(plain(markdown)).toBe(text);
});

it.each(["[", "*", "_ ", "**a", "![", "`", "<", "(", "#", "- ", "\\"])(
  "%j over and over is read in no time",
  (piece) => {
    expect(plain(piece.repeat(20_000)).length).toBeLessThan(10_001);
  },
);
