// node scripts/lighthouse.mjs <address> <browser's port> <desktop|phone> <report.json> <slowdown>
// One Lighthouse report from a browser that runs already, so that the page is seen signed in. Its own
// program would do too, but lingers for seconds after its work.
import { writeFileSync } from "node:fs";
import lighthouse from "lighthouse";
import desktop from "lighthouse/core/config/desktop-config.js";

const [address, port, device, report, slowdown] = process.argv.slice(2);
const throttling = { ...desktop.settings.throttling, cpuSlowdownMultiplier: Number(slowdown) };
const result = await lighthouse(
  address,
  {
    port: Number(port),
    output: "json",
    logLevel: "error",
    onlyCategories: ["performance", "accessibility", "best-practices"],
    disableFullPageScreenshot: true,
  },
  device === "desktop" ? { ...desktop, settings: { ...desktop.settings, throttling } } : undefined,
);
writeFileSync(report, result.report);
process.exit(0);
