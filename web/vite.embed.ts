import { defineConfig } from "vite";

// embed.js: what a partner's page loads. One classic script, no framework, a name that never changes.
export default defineConfig({
  build: {
    outDir: "../src/tieline/api/studio/dist",
    emptyOutDir: false,
    copyPublicDir: false,
    target: "es2022",
    reportCompressedSize: false,
    lib: {
      entry: "src/embed/loader.ts",
      formats: ["iife"],
      name: "tieline",
      fileName: () => "embed.js",
    },
  },
});
