import { Controller } from "@hotwired/stimulus";
import { exact, personZone, relative } from "../lib/time";

const MINUTE = 60_000;

/**
 * <time datetime="…" data-controller="relative-time">: "3 minutes ago", kept true, with the full
 * instant in the person's zone (and the channel's, by data-relative-time-zone-value) on hover.
 */
export default class RelativeTimeController extends Controller<HTMLTimeElement> {
  static values = { zone: String };
  declare readonly zoneValue: string;
  private timer: ReturnType<typeof setInterval> | undefined;

  connect(): void {
    this.write();
    this.timer = setInterval(() => this.write(), MINUTE);
  }

  disconnect(): void {
    clearInterval(this.timer);
  }

  private write(): void {
    const at = new Date(this.element.dateTime);
    if (Number.isNaN(at.getTime())) return;
    const language = document.documentElement.lang || "en";
    const zone = personZone();
    this.element.textContent = relative(at, new Date(), language, zone);
    const zones = new Set([zone, this.zoneValue].filter(Boolean));
    this.element.title = [...zones].map((each) => exact(at, language, each)).join("\n");
  }
}
