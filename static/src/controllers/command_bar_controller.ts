import { Controller } from "@hotwired/stimulus";

/**
 * Ctrl-K (Cmd-K): everything one can go to or do. The server searches and draws the list; this opens
 * the dialog, moves through the list and follows the chosen line. The input keeps focus, the list is
 * pointed at with aria-activedescendant.
 */
export default class CommandBarController extends Controller<HTMLDialogElement> {
  static targets = ["input", "list", "panel"];
  declare readonly inputTarget: HTMLInputElement;
  declare readonly listTarget: HTMLElement;
  declare readonly panelTarget: HTMLElement;
  private at = 0;

  connect(): void {
    document.addEventListener("keydown", this.shortcut);
    document.addEventListener("candy:command", this.open);
    this.listTarget.addEventListener("htmx:afterSwap", this.reset);
    this.element.addEventListener("close", this.closed);
  }

  disconnect(): void {
    document.removeEventListener("keydown", this.shortcut);
    document.removeEventListener("candy:command", this.open);
    this.listTarget.removeEventListener("htmx:afterSwap", this.reset);
    this.element.removeEventListener("close", this.closed);
  }

  readonly open = (): void => {
    if (this.element.open) return;
    this.element.showModal();
    this.inputTarget.value = "";
    this.inputTarget.focus();
    this.inputTarget.dispatchEvent(new CustomEvent("candy:search", { bubbles: true }));
  };

  close(): void {
    this.element.close();
  }

  outside(event: MouseEvent): void {
    if (event.target === this.element) this.close();
  }

  key(event: KeyboardEvent): void {
    const last = this.options.length - 1;
    if (event.key === "ArrowDown") this.point(this.at >= last ? 0 : this.at + 1);
    else if (event.key === "ArrowUp") this.point(this.at <= 0 ? last : this.at - 1);
    else if (event.key === "Enter") this.options[this.at]?.click();
    else return;
    event.preventDefault();
  }

  /** Back from an action's form to the list. */
  back(): void {
    this.panelTarget.replaceChildren();
    this.inputTarget.focus();
  }

  hover(event: Event): void {
    const index = this.options.indexOf((event.target as Element).closest<HTMLElement>("[role=option]")!);
    if (index >= 0 && index !== this.at) this.point(index, false);
  }

  private readonly reset = (): void => {
    this.point(0);
  };

  private point(index: number, scroll = true): void {
    this.at = index;
    this.options.forEach((option, position) => {
      option.setAttribute("aria-selected", String(position === index));
    });
    const chosen = this.options[index];
    if (chosen) this.inputTarget.setAttribute("aria-activedescendant", chosen.id);
    else this.inputTarget.removeAttribute("aria-activedescendant");
    if (scroll) chosen?.scrollIntoView({ block: "nearest" });
  }

  private get options(): HTMLElement[] {
    return [...this.listTarget.querySelectorAll<HTMLElement>("[role=option]")];
  }

  private readonly closed = (): void => {
    this.panelTarget.replaceChildren();
  };

  private readonly shortcut = (event: KeyboardEvent): void => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
    event.preventDefault();
    if (this.element.open) this.close();
    else this.open();
  };
}
