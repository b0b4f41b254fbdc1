import react from "@vitejs/plugin-react";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

// Where `npm run dev` sends what is not a file of ours: a server that runs on this machine.
const server = loadEnv("", ".", "TIELINE_URL")["TIELINE_URL"] ?? "http://127.0.0.1:8400";
const proxied = [
  "/api",
  "/oem",
  "/oauth",
  "/connect",
  "/sso",
  "/embed/",
  "/hooks",
  "/studio/session",
  "/studio/setup",
  "/studio/password",
  "/studio/invitations",
];

// One page, chunks by hash. Nothing is inlined, so that the policy of the page needs no exception.
export default defineConfig({
  base: "/studio/",
  plugins: [react()],
  resolve: {
    alias: { "@client": decodeURIComponent(new URL("./generated/src/index.ts", import.meta.url).pathname) },
  },
  server: {
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: server, bypass: pagesOfOurs }])),
  },
  build: {
    outDir: "../src/tieline/api/studio/dist",
    emptyOutDir: true,
    target: "es2023",
    // Those that know light-dark(): written out for older ones, it would be fixed at the root.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Whose code the pages hold, with the texts that its licences ask us to hand on.
    license: { fileName: "licences.md" },
  },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"], testTimeout: 10_000 },
});

/** A page that the browser goes to is the studio's, whatever its address begins with. */
function pagesOfOurs(request: {
  url?: string | undefined;
  method?: string | undefined;
  headers: Record<string, unknown>;
}) {
  const page = request.method === "GET" && String(request.headers["accept"] ?? "").includes("text/html");
  return page && request.url?.startsWith("/studio/") === true && !request.url.includes("/oidc")
    ? "/studio/index.html"
    : undefined;
}
