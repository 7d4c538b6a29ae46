const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** "in 5 minutes", "3 hours ago", "yesterday"; after a week the date itself. */
export function relative(at: Date, now: Date, language: string, zone: string): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  const size = Math.abs(seconds);
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "long" });
  if (size < 45) return seconds > 0 ? "in a moment" : "just now";
  if (size < HOUR) return words.format(Math.trunc(seconds / MINUTE) || Math.sign(seconds), "minute");
  if (size < DAY) return words.format(Math.trunc(seconds / HOUR), "hour");
  if (size < 7 * DAY) return words.format(Math.trunc(seconds / DAY), "day");
  const sameYear = at.getFullYear() === now.getFullYear();
  return new Intl.DateTimeFormat(language, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
    timeZone: zone,
  }).format(at);
}

/** The full instant with its zone, for a tooltip: "Sat, 21 Nov 2026, 14:05 CET". */
export function exact(at: Date, language: string, zone: string): string {
  return new Intl.DateTimeFormat(language, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZone: zone,
    timeZoneName: "short",
  }).format(at);
}

/** The zone of the person, as the server wrote it, or the device's. */
export function personZone(): string {
  return document.documentElement.dataset.zone || Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** "2026-11-21T14:05:00": what a clock in `zone` shows at `at`, without offset. */
export function wallTime(at: Date, zone: string): string {
  return new Intl.DateTimeFormat("sv-SE", {
    dateStyle: "short",
    timeStyle: "medium",
    timeZone: zone,
  })
    .format(at)
    .replace(" ", "T");
}
