import { Controller } from "@hotwired/stimulus";

const TYPING = "input, textarea, select, [contenteditable]";
const WITHIN = 900;

/**
 * Keys of the whole studio: "g" then a letter goes somewhere (links with data-shortcut="g h"), one
 * letter starts something (data-shortcut="c"), "/" or "?" opens the command bar. Silent while typing.
 */
export default class ShortcutsController extends Controller<HTMLElement> {
  private first: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  disconnect(): void {
    clearTimeout(this.timer);
  }

  command(): void {
    document.dispatchEvent(new CustomEvent("candy:command"));
  }

  key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest?.(TYPING)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "/" || event.key === "?") {
      event.preventDefault();
      this.command();
      return;
    }
    const pressed = this.first ? `${this.first} ${event.key}` : event.key;
    const link = document.querySelector<HTMLElement>(`[data-shortcut="${CSS.escape(pressed)}"], [data-shortcut="${pressed}"]`);
    this.forget();
    if (link) {
      event.preventDefault();
      link.click();
    } else if (event.key === "g") {
      this.first = "g";
      this.timer = setTimeout(() => this.forget(), WITHIN);
    }
  }

  private forget(): void {
    this.first = null;
    clearTimeout(this.timer);
  }
}
