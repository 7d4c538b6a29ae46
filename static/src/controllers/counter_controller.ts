import { Controller } from "@hotwired/stimulus";

/** Characters used and left, as a person counts them: `data-counter-limit-value="500"`. */
export default class CounterController extends Controller<HTMLElement> {
  static targets = ["input", "output"];
  static values = { limit: Number };
  declare readonly inputTarget: HTMLInputElement | HTMLTextAreaElement;
  declare readonly outputTarget: HTMLElement;
  declare readonly limitValue: number;
  private readonly segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });

  connect(): void {
    this.count();
  }

  count(): void {
    const used = [...this.segments.segment(this.inputTarget.value)].length;
    const over = this.limitValue > 0 && used > this.limitValue;
    this.outputTarget.textContent = this.limitValue ? `${used} / ${this.limitValue}` : String(used);
    this.outputTarget.classList.toggle("text-danger", over);
    this.inputTarget.setAttribute("aria-invalid", String(over));
  }
}
