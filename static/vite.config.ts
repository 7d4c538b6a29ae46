import tailwindcss from "@tailwindcss/vite";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { lucideIcons } from "./scripts/lucide-icons.ts";
import { plainCalendar } from "./scripts/plain-calendar.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  // Relative, so that the files work below any STATIC_URL, a CDN included.
  base: "./",
  publicDir: here("public"),
  plugins: [tailwindcss(), lucideIcons(), plainCalendar()],
  // Keys in the manifest stay the same when node_modules is a link into another checkout.
  resolve: { preserveSymlinks: true },
  build: {
    outDir: here("dist"),
    emptyOutDir: true,
    manifest: "manifest.json",
    sourcemap: false,
    // light-dark() and color-mix() are the base of the theme, so they stay as written.
    target: ["chrome123", "edge123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0, // data: addresses are not in our Content-Security-Policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600, // scripts/size.mjs holds the limit that counts: compressed, per page
    rolldownOptions: {
      // htmx carries an eval for hx-on; allowEval is off and the policy forbids it.
      onLog: (level, log, tell) => log.code === "EVAL" || tell(level, log),
      input: { app: here("src/app.ts"), public: here("src/public.ts") },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    setupFiles: [here("src/test/setup.ts")],
    restoreMocks: true,
  },
});
