import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The studio: one page, chunks by hash. Nothing is inlined, so that the policy of the page needs no exception.
export default defineConfig({
  base: "/studio/",
  plugins: [react()],
  resolve: { alias: { "@client": new URL("./generated/src/index.ts", import.meta.url).pathname } },
  build: {
    outDir: "../src/tieline/api/studio/dist",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
