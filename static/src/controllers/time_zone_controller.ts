import { Controller } from "@hotwired/stimulus";

/** Fills a hidden field, or an untouched choice, with the browser's time zone. */
export default class TimeZoneController extends Controller<HTMLElement> {
  static targets = ["field"];
  declare readonly fieldTargets: (HTMLInputElement | HTMLSelectElement)[];

  connect(): void {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const field of this.fieldTargets) {
      const untouched = !field.value || field.value === "UTC";
      const known = field instanceof HTMLInputElement || [...field.options].some((one) => one.value === zone);
      if (zone && untouched && known) field.value = zone;
    }
  }
}
