"""What the collection runs before and after its requests.

Postman gives scripts no way to share code, so what every request does stands at the collection itself, and a request
has only what is its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

# A token is renewed while it is still good, so that no request meets the end of it.
BEFORE = """
const kept = pm.collectionVariables;
const given = (name) => pm.environment.get(name) || pm.globals.get(name) || "";
if (!kept.get("unique")) {
  kept.set("unique", Date.now().toString(36));
  kept.set("today", new Date().toISOString().slice(0, 10) + "T00:00:00Z");
}
const partner = pm.request.headers.has("X-App-Id");
if (partner && !given("appId")) {
  pm.execution.skipRequest();
}
const tier = partner ? "Oem" : pm.request.method === "GET" ? "1" : "2";
const pause = Number(kept.get("pauseUntil" + tier) || 0) - Date.now();
if (pause > 0) {
  setTimeout(() => {}, pause);
}
if (given("apiKey")) {
  kept.set("accessToken", given("apiKey"));
} else if (given("clientId") && Number(kept.get("tokenUntil") || 0) < Date.now() + 60000 + Math.max(pause, 0)) {
  pm.sendRequest({
    url: given("baseUrl") + "/oauth/token",
    method: "POST",
    header: { "Content-Type": "application/json" },
    body: {
      mode: "raw",
      raw: JSON.stringify({
        grant_type: "client_credentials",
        client_id: given("clientId"),
        client_secret: given("clientSecret"),
      }),
    },
  }, (problem, answer) => {
    if (problem || answer.code !== 200) {
      console.error("No access token:", problem || answer.text());
      return;
    }
    const token = answer.json();
    kept.set("accessToken", token.access_token);
    kept.set("tokenUntil", String(Date.now() + token.expires_in * 1000));
  });
}
"""

# The limits are of a minute: who used one up waits for the next, and who is told so asks again.
AFTER = """
const kept = pm.collectionVariables;
const partner = pm.request.headers.has("X-App-Id");
const tier = partner ? "Oem" : pm.request.method === "GET" ? "1" : "2";
const left = pm.response.headers.get("x-ratelimit-remaining");
if (pm.response.code === 429) {
  const wait = Number(pm.response.headers.get("retry-after") || 60);
  kept.set("pauseUntil" + tier, String(Date.now() + (wait + 1) * 1000));
  pm.execution.setNextRequest(pm.info.requestId);
} else if (left === "0") {
  kept.set("pauseUntil" + tier, String(Date.now() + 61000));
}
"""


def after(
    statuses: Sequence[int], *, answers_json: bool, saves: Mapping[str, str], again: str = "", attempts: int = 60
) -> list[str]:
    """The test script of one request.

    ``saves``: variables and where in the answer they stand (a JavaScript path, or an expression that begins with
    ``answer``). ``again``: an expression over ``answer``; while it is true the request is sent again.
    """
    allowed = json.dumps(list(statuses))
    lines = ["if (pm.response.code !== 429) {"]
    named = " or ".join(map(str, statuses))
    lines.append(f'  pm.test("answers {named}", () => pm.expect(pm.response.code).to.be.oneOf({allowed}));')
    needs_answer = bool(answers_json or saves or again)
    if answers_json:
        lines.append('  pm.test("answers JSON", () => pm.response.json());')
    if needs_answer and (saves or again):
        lines.append("  let answer = {};")
        lines.append("  try { answer = pm.response.json(); } catch (problem) { /* told above */ }")
    for name, path in saves.items():
        found = path if path.startswith("answer") else f"answer.{path}"
        lines.append(f"  pm.collectionVariables.set({json.dumps(name)}, {found});")
    if again:
        lines += [
            '  const tries = Number(pm.collectionVariables.get("tries") || 0);',
            f"  if (tries < {attempts} && ({again})) {{",
            '    pm.collectionVariables.set("tries", String(tries + 1));',
            "    pm.execution.setNextRequest(pm.info.requestId);",
            "    setTimeout(() => {}, 250);",
            "  } else {",
            '    pm.collectionVariables.unset("tries");',
            "  }",
        ]
    return [*lines, "}"]
