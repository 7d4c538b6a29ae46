import { Controller } from "@hotwired/stimulus";

/** A row of tabs that scrolls: shows the current one on arrival, also when it stands at the end. */
export default class RevealController extends Controller<HTMLElement> {
  connect(): void {
    const current = this.element.querySelector<HTMLElement>("[aria-current]");
    if (!current) return;
    const middle = current.offsetLeft - (this.element.clientWidth - current.offsetWidth) / 2;
    this.element.scrollLeft = Math.max(0, middle);
  }
}
