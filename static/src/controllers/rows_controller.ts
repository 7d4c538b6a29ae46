import { Controller } from "@hotwired/stimulus";

/**
 * A table that works by keyboard: j, k and arrows move, x and Space select, Enter opens, Shift with a
 * click or x selects a range. Selected rows show the bulk bar.
 */
export default class RowsController extends Controller<HTMLElement> {
  static targets = ["row", "check", "all", "bar", "count"];
  declare readonly rowTargets: HTMLTableRowElement[];
  declare readonly checkTargets: HTMLInputElement[];
  declare readonly allTarget: HTMLInputElement;
  declare readonly hasAllTarget: boolean;
  declare readonly barTarget: HTMLElement;
  declare readonly hasBarTarget: boolean;
  declare readonly countTargets: HTMLElement[];
  private anchor: number | null = null;

  connect(): void {
    this.update();
  }

  rowTargetConnected(): void {
    this.rowTargets.forEach((row, index) => {
      if (!row.hasAttribute("tabindex")) row.tabIndex = index === 0 ? 0 : -1;
    });
  }

  key(event: KeyboardEvent): void {
    const row = event.target as HTMLElement;
    const at = this.rowTargets.indexOf(row as HTMLTableRowElement);
    if (at < 0 || event.metaKey || event.ctrlKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "arrowdown") this.focus(at + 1);
    else if (key === "k" || key === "arrowup") this.focus(at - 1);
    else if (key === "home") this.focus(0);
    else if (key === "end") this.focus(this.rowTargets.length - 1);
    else if (key === "x" || key === " ") this.toggle(at, event.shiftKey);
    else if (key === "enter") row.querySelector<HTMLElement>("[data-row-open]")?.click();
    else if (key === "escape") this.clear();
    else return;
    event.preventDefault();
  }

  check(event: MouseEvent): void {
    const box = event.target as HTMLInputElement;
    const at = this.checkTargets.indexOf(box);
    if (event.shiftKey && this.anchor !== null) this.range(this.anchor, at, box.checked);
    this.anchor = at;
    this.update();
  }

  checkAll(): void {
    for (const box of this.checkTargets) box.checked = this.allTarget.checked;
    this.update();
  }

  clear(): void {
    for (const box of this.checkTargets) box.checked = false;
    this.update();
  }

  private focus(index: number): void {
    const row = this.rowTargets[Math.max(0, Math.min(index, this.rowTargets.length - 1))];
    if (!row) return;
    for (const each of this.rowTargets) each.tabIndex = each === row ? 0 : -1;
    row.focus();
  }

  private toggle(at: number, withRange: boolean): void {
    const box = this.checkTargets[at];
    if (!box) return;
    box.checked = !box.checked;
    if (withRange && this.anchor !== null) this.range(this.anchor, at, box.checked);
    this.anchor = at;
    this.update();
  }

  private range(from: number, to: number, on: boolean): void {
    const [first, last] = from < to ? [from, to] : [to, from];
    this.checkTargets.slice(first, last + 1).forEach((box) => {
      box.checked = on;
    });
  }

  private update(): void {
    const chosen = this.checkTargets.filter((box) => box.checked);
    this.checkTargets.forEach((box) =>
      box.closest("tr")?.setAttribute("aria-selected", String(box.checked)),
    );
    if (this.hasAllTarget) {
      this.allTarget.checked = chosen.length > 0 && chosen.length === this.checkTargets.length;
      this.allTarget.indeterminate = chosen.length > 0 && !this.allTarget.checked;
    }
    if (this.hasBarTarget) this.barTarget.hidden = chosen.length === 0;
    for (const count of this.countTargets) count.textContent = String(chosen.length);
  }
}
