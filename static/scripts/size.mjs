// Fails when a page would ship more than 200 kB of compressed script.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 200_000;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("manifest.json", dist), "utf8"));
const bytes = (file) => gzipSync(readFileSync(new URL(file, dist))).length;

function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) closure(next, seen);
  return seen;
}
const weigh = (keys) => [...keys].filter((k) => manifest[k].file.endsWith(".js")).reduce((sum, k) => sum + bytes(manifest[k].file), 0);

const base = closure("src/app.ts");
let worst = 0;
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isEntry && !chunk.isDynamicEntry) continue;
  const total = weigh(chunk.isEntry ? closure(key) : new Set([...base, ...closure(key)]));
  worst = Math.max(worst, total);
  console.log(`${(total / 1000).toFixed(1).padStart(8)} kB  ${chunk.isEntry ? "" : "app + "}${key}`);
}
if (worst > LIMIT) {
  console.error(`A page ships ${worst} bytes of compressed script; the limit is ${LIMIT}.`);
  process.exit(1);
}
