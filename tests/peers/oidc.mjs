// An OpenID Connect server (npm oidc-provider) with short tokens and rotating refresh tokens, and a count of what it gave.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, redirect, seconds] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
const issuer = `http://127.0.0.1:${port}`;
const counts = { code: 0, refresh: 0, refused: 0, revoked: 0 };

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "tieline",
      client_secret: "an-oidc-secret",
      grant_types: ["authorization_code", "refresh_token", "client_credentials"],
      response_types: ["code"],
      redirect_uris: [redirect],
      application_type: "native",
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  features: { clientCredentials: { enabled: true }, registration: { enabled: true } },
  ttl: { AccessToken: seconds, RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 600, IdToken: 600 },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com` }) }),
  claims: { openid: ["sub"], email: ["email"] },
});
provider.on("grant.success", (context) => {
  if (context.oidc.params.grant_type === "refresh_token") counts.refresh += 1;
  else counts.code += 1;
});
provider.on("grant.error", () => (counts.refused += 1));
provider.on("grant.revoked", () => (counts.revoked += 1));

const answer = provider.callback();
createServer((request, response) => {
  if (request.url !== "/counts") return answer(request, response);
  response.setHeader("content-type", "application/json");
  return response.end(JSON.stringify(counts));
}).listen(port, "127.0.0.1", () => console.log("ready"));
