// What a program in TypeScript does with the generated client; what it saw goes to standard output.
import { Client, BadRequest, NotFound, Unauthorized, NoAnswer, type WebIntegrationPatches, type WebIntegration } from "tieline-client";

declare const process: { env: Record<string, string>; stdout: { write(text: string): void } };
const { TIELINE_URL: baseUrl = "", KEY: apiKey = "", WORKSPACE = "", PARTNER = "" } = process.env;
const seen: Record<string, unknown> = {};
const client = new Client({ baseUrl, apiKey });
const made: WebIntegration[] = [];
for (let n = 10; n < 33; n++) made.push((await client.v1.createWebIntegration({ name: `ts ${n}` })) as unknown as WebIntegration);
const names: string[] = [];
for await (const row of client.v1.allWebIntegrations({ sort: "-name", limit: 10 })) if (row.name.startsWith("ts ")) names.push(row.name);
seen["paged"] = names;
const first = made[0]!;
const patches: WebIntegrationPatches = [{ op: "replace", path: "/validOrigins", value: ["https://a.example.com"] }];
await client.v1.updateWebIntegrationById(first.id, patches);
seen["patched"] = (await client.v1.getWebIntegrationById(first.id)).validOrigins;
for (const one of made) await client.v1.deleteWebIntegrationById(one.id);
try {
  await client.v1.getWebIntegrationById(first.id);
} catch (error) {
  if (error instanceof NotFound) seen["error"] = [error.status, error.code !== "404", !!error.title, error.traceId.length];
}
try {
  await client.v1.getWebIntegrations({ startingAfter: "a", endingBefore: "b" });
} catch (error) {
  if (error instanceof BadRequest) seen["bad"] = error.status;
}
seen["me"] = (await client.v1.getMe()).name;
const automation = await client.workflows.createAutomation({ name: "Followed", workspace: JSON.parse(WORKSPACE) });
let etag: string | null = null;
await client.workflows.getAutomation(automation.id, { onResponse: (response) => (etag = response.headers.get("etag")) });
await client.workflows.updateAutomation(automation.id, { description: "x" }, { ifMatch: etag ?? undefined });
const run = await client.workflows.createRun(automation.id, { context: "api" });
let last = "";
for await (const event of client.workflows.getRunEvents(automation.id, run.id)) last = event.event;
seen["events"] = last;
seen["log"] = typeof (await client.workflows.getDebugLog(automation.id, run.id)) === "string";
const oauth = await client.v1.createOAuthClient({
  appType: "web", clientName: "Machine", allowedGrantTypes: ["client_credentials"], allowedScopes: ["admin_classic", "user_default"],
});
await client.v1.publishOAuthClient(oauth.clientId);
await client.v1.patchConnectionConfig(oauth.clientId, [{ op: "replace", path: "/consentMethod", value: "trusted" }]);
const machine = new Client({ baseUrl, clientId: oauth.clientId, clientSecret: oauth.clientSecret ?? "" });
const found = await Promise.all([1, 2, 3].map(() => machine.v1.getWebIntegrations()));
seen["machine"] = found[0]!.data.length;
try {
  await new Client({ baseUrl, apiKey: "wrong" }).v1.getUsers();
} catch (error) {
  if (error instanceof Unauthorized) seen["nobody"] = error.status;
}
const ending = new AbortController();
ending.abort(new Error("enough"));
try {
  await client.v1.getUsers({}, { signal: ending.signal });
} catch (error) {
  seen["aborted"] = (error as Error).message;
}
try {
  await new Client({ baseUrl: "http://127.0.0.1:9", apiKey }).v1.getUsers();
} catch (error) {
  seen["lost"] = error instanceof NoAnswer;
}
const partner = JSON.parse(PARTNER) as { appId: string; apiKey: string };
const embedding = new Client({ baseUrl, appId: partner.appId, partnerKey: partner.apiKey });
for (const name of ["a", "b", "c"]) await embedding.oem.createAccount({ name, externalid: `ts-${name}` });
let accounts = 0;
for await (const one of embedding.oem.allAccounts({ per_page: 2 })) if (one.externalid.startsWith("ts-")) accounts++;
seen["accounts"] = accounts;
// What must not compile.
// @ts-expect-error no such path
const wrong: WebIntegrationPatches = [{ op: "replace", path: "/other", value: "" }];
// @ts-expect-error an enum
void (() => client.v1.getUsers({ sort: "shoeSize" }));
void wrong;
process.stdout.write(JSON.stringify(seen));
