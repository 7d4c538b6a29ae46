import { Controller } from "@hotwired/stimulus";

/**
 * A button that opens a list. Arrows, Home, End and the first letter move; Escape, a click outside
 * and a choice close, and focus goes back to the button.
 */
export default class MenuController extends Controller<HTMLElement> {
  static targets = ["button", "panel"];
  declare readonly buttonTarget: HTMLElement;
  declare readonly panelTarget: HTMLElement;

  connect(): void {
    this.close();
    document.addEventListener("pointerdown", this.outside);
  }

  disconnect(): void {
    document.removeEventListener("pointerdown", this.outside);
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
  }

  open(): void {
    this.panelTarget.hidden = false;
    this.buttonTarget.setAttribute("aria-expanded", "true");
    this.items[0]?.focus();
  }

  close(): void {
    this.panelTarget.hidden = true;
    this.buttonTarget.setAttribute("aria-expanded", "false");
  }

  /** After a choice, or by Escape. */
  dismiss(): void {
    if (!this.isOpen) return;
    this.close();
    this.buttonTarget.focus();
  }

  move(event: KeyboardEvent): void {
    if (!this.isOpen) {
      if (event.key === "ArrowDown" && event.target === this.buttonTarget) {
        event.preventDefault();
        this.open();
      }
      return;
    }
    if (event.key === "Escape") {
      event.stopPropagation();
      this.dismiss();
      return;
    }
    const items = this.items;
    const at = items.indexOf(document.activeElement as HTMLElement);
    const next = this.nextIndex(event.key, at, items);
    if (next === null) return;
    event.preventDefault();
    items[next]?.focus();
  }

  /** Tab leaves the menu, as in a native one. */
  leave(event: FocusEvent): void {
    const to = event.relatedTarget as Node | null;
    if (to && !this.element.contains(to)) this.close();
  }

  private get isOpen(): boolean {
    return !this.panelTarget.hidden;
  }

  private get items(): HTMLElement[] {
    return [...this.panelTarget.querySelectorAll<HTMLElement>("a[href], button:not([disabled])")];
  }

  private nextIndex(key: string, at: number, items: HTMLElement[]): number | null {
    const last = items.length - 1;
    if (key === "ArrowDown") return at >= last ? 0 : at + 1;
    if (key === "ArrowUp") return at <= 0 ? last : at - 1;
    if (key === "Home") return 0;
    if (key === "End") return last;
    if (key.length !== 1 || !/\S/.test(key)) return null;
    const starts = (item: HTMLElement) =>
      (item.textContent ?? "").trim().toLowerCase().startsWith(key.toLowerCase());
    const order = items.map((_, index) => (at + 1 + index) % items.length);
    return order.find((index) => starts(items[index]!)) ?? null;
  }

  private readonly outside = (event: Event): void => {
    if (this.isOpen && !this.element.contains(event.target as Node)) this.close();
  };
}
