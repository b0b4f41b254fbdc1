import { describe, expect, it } from "vitest";
import type { Manifest } from "../connectors/manifest";
import {
  answersToSend,
  authChoices,
  chosenOf,
  customerFields,
  initialAnswers,
  lacking,
  serverFields,
  toggled,
} from "./methods";

const manifest: Manifest = {
  name: "gather",
  servers: [
    {
      url: "https://{region}.gather.example/v1",
      variables: { region: { default: "eu", choices: ["eu", "us"] } },
    },
    { url: "https://{shop}.other.example", variables: { shop: {} } },
  ],
  auth: [
    { id: "key", kind: "api_key" },
    {
      id: "consent",
      kind: "oauth2",
      grants: ["authorization_code", "refresh_token"],
      scope_separator: ",",
      fields: [
        { id: "client_id", required: true },
        { id: "client_secret", secret: true, default: "never shown" },
        { id: "scope", type: "array", choices: ["read", "write", "admin"] },
      ],
    },
    { id: "app", kind: "oauth2", grants: ["client_credentials"] },
    { id: "signed", kind: "jwt_bearer", fields: [{ id: "private_key", type: "password", required: true }] },
  ],
};

describe("the ways to sign in", () => {
  const [key, consent, app, signed] = authChoices(manifest);

  it("asks for what the server asks for where nothing is declared", () => {
    expect(key?.fields.map((field) => [field.id, field.kind, field.required])).toEqual([
      ["api_key", "secret", true],
    ]);
    expect(app?.fields.map((field) => [field.id, field.kind])).toEqual([
      ["client_id", "text"],
      ["client_secret", "secret"],
    ]);
  });

  it("asks a customer for the product's own registration only where nobody has given it", () => {
    const fields = consent?.fields ?? [];
    const ids = (known: Record<string, string>) =>
      customerFields(consent ?? null, fields, known, new Set()).map((field) => field.id);
    expect(ids({})).toEqual(["client_id", "scope"]);
    expect(ids({ client_id: "ours" })).toEqual(["scope"]);
    expect(customerFields(app ?? null, app?.fields ?? [], {}, new Set())).toBe(app?.fields);
  });

  it("knows which of them need a person at the other side", () => {
    expect(authChoices(manifest).map((choice) => choice.elsewhere)).toEqual([false, true, false, false]);
    const [device] = authChoices({ name: "x", auth: [{ id: "d", kind: "oauth2", grants: ["device_code"] }] });
    expect([device?.elsewhere, device?.byCode]).toEqual([true, true]);
    const [old] = authChoices({ name: "x", auth: [{ id: "o", kind: "oauth1", request_token_url: "/r" }] });
    expect(old?.elsewhere).toBe(true);
  });

  it("never fills a secret in, and keeps the lines of a key", () => {
    expect(consent?.fields[1]?.initial).toBe("");
    expect(signed?.fields[0]?.kind).toBe("long-secret");
    expect(answersToSend(signed?.fields ?? [], { private_key: "-----BEGIN\na\n-----END\n" }, {})).toEqual({
      private_key: "-----BEGIN\na\n-----END\n",
    });
  });

  it("joins several choices as the method says, in the order of the document", () => {
    const scope = consent?.fields[2];
    if (scope === undefined) throw new Error("no scope");
    expect(toggled(scope, toggled(scope, "", "write"), "read")).toBe("read,write");
    expect(toggled(scope, "read,write", "read")).toBe("write");
    expect(chosenOf(scope, "read,write")).toEqual(["read", "write"]);
  });

  it("asks for the variables of the addresses that are in use", () => {
    expect(
      serverFields(manifest).map((field) => [field.id, field.kind, field.initial, field.required]),
    ).toEqual([["region", "choice", "eu", false]]);
    const both = { ...manifest, blocks: [{ id: "a", server: "https://{shop}.other.example" }] };
    expect(serverFields(both).map((field) => field.id)).toEqual(["region", "shop"]);
  });

  it("begins with what is known, asks for what is lacking, and sends what changed", () => {
    const fields = consent?.fields ?? [];
    const known = { client_id: "mine" };
    expect(initialAnswers(fields, known)).toEqual({ client_id: "mine", client_secret: "", scope: "" });
    expect(lacking(fields, { client_id: " " }, new Set())).toEqual(["client_id"]);
    expect(lacking(authChoices(manifest)[0]?.fields ?? [], {}, new Set(["api_key"]))).toEqual([]);
    expect(answersToSend(fields, { client_id: "", client_secret: "" }, known)).toEqual({ client_id: "" });
    expect(answersToSend(fields, { client_id: " a ", client_secret: "s" }, {})).toEqual({
      client_id: "a",
      client_secret: "s",
    });
  });
});
