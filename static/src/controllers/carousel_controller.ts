import { Controller } from "@hotwired/stimulus";

/** Pictures side by side: swiped, scrolled with the arrow keys, or turned with two buttons. */
export default class CarouselController extends Controller<HTMLElement> {
  static targets = ["strip", "slide", "back", "forth", "count"];
  declare readonly stripTarget: HTMLElement;
  declare readonly slideTargets: HTMLElement[];
  declare readonly backTarget: HTMLButtonElement;
  declare readonly forthTarget: HTMLButtonElement;
  declare readonly hasCountTarget: boolean;
  declare readonly countTarget: HTMLElement;

  back(): void {
    this.go(this.index - 1);
  }

  forth(): void {
    this.go(this.index + 1);
  }

  moved(): void {
    const at = this.index;
    this.backTarget.disabled = at === 0;
    this.forthTarget.disabled = at >= this.slideTargets.length - 1;
    if (this.hasCountTarget) this.countTarget.textContent = `${at + 1}/${this.slideTargets.length}`;
  }

  private go(to: number): void {
    const at = Math.max(0, Math.min(to, this.slideTargets.length - 1));
    this.stripTarget.scrollTo({ left: at * this.stripTarget.clientWidth, behavior: "smooth" });
  }

  private get index(): number {
    return Math.round(this.stripTarget.scrollLeft / (this.stripTarget.clientWidth || 1));
  }
}
