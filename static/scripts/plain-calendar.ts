import type { Plugin } from "vite";

/**
 * FullCalendar carries an icon font as a data: address in the styles it injects. We draw our own
 * buttons and the policy has no data: fonts, so the font is left out of the bundle.
 */
export function plainCalendar(): Plugin {
  return {
    name: "plain-calendar",
    transform(code, id) {
      if (!id.includes("@fullcalendar/core")) return null;
      const without = code.replace(/@font-face\{font-family:\\?"?'?fcicons.*?\}/g, "");
      return without === code ? null : { code: without, map: null };
    },
  };
}
