import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const icons = fileURLToPath(new URL("../node_modules/lucide-static/icons", import.meta.url));

/** The drawing inside an icon's <svg>, without the wrapper that {% icon %} writes itself. */
function drawing(file: string): string {
  const source = readFileSync(join(icons, file), "utf8");
  return source
    .slice(source.indexOf(">", source.indexOf("<svg")) + 1, source.lastIndexOf("</svg>"))
    .replace(/\s+/g, " ")
    .replace(/> </g, "><")
    .replaceAll(" />", "/>")
    .trim();
}

/** Writes dist/icons.json (name to drawing), so that {% icon %} needs no node_modules at run time. */
export function lucideIcons(): Plugin {
  return {
    name: "candy-lucide-icons",
    apply: "build",
    generateBundle() {
      const drawings = Object.fromEntries(
        readdirSync(icons)
          .filter((file) => file.endsWith(".svg"))
          .map((file) => [file.slice(0, -4), drawing(file)]),
      );
      this.emitFile({ type: "asset", fileName: "icons.json", source: JSON.stringify(drawings) });
    },
  };
}
