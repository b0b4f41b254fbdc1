// Puts the compressed forms beside the built files, so that the server never compresses:  node pack.mjs FOLDER
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = join(process.argv[2] ?? ".", "assets");
for (const name of readdirSync(folder).sort()) {
  if (!/\.(?:js|css|svg|json)$/.test(name)) continue;
  const content = readFileSync(join(folder, name));
  const packed = {
    ".gz": gzipSync(content, { level: 9 }),
    ".br": brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }),
  };
  for (const [suffix, small] of Object.entries(packed)) {
    if (small.length < content.length) writeFileSync(join(folder, name + suffix), small);
  }
}
