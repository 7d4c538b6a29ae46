import { Controller } from "@hotwired/stimulus";
import { place, shift } from "../lib/reorder";

const PART = "[data-thread-target='part']";

/**
 * The further posts of a thread: added, removed and put in another order with buttons, by dragging, or
 * from the keyboard (Ctrl Enter adds, Alt and an arrow moves). The order in the page is the order sent.
 */
export default class ThreadController extends Controller<HTMLElement> {
  static targets = ["part", "blank", "end", "number", "said", "grip"];
  declare readonly partTargets: HTMLElement[];
  declare readonly hasBlankTarget: boolean;
  declare readonly blankTarget: HTMLTemplateElement;
  declare readonly endTarget: HTMLElement;
  declare readonly numberTargets: HTMLElement[];
  declare readonly hasSaidTarget: boolean;
  declare readonly saidTarget: HTMLElement;
  private lifted: HTMLElement | null = null;

  add(event?: Event): void {
    if (!this.hasBlankTarget) return;
    const key = this.newKey();
    const holder = document.createElement("div");
    holder.innerHTML = this.blankTarget.innerHTML.replaceAll("KEY", key);
    const part = holder.firstElementChild as HTMLElement;
    const here = event instanceof KeyboardEvent ? partOf(event) : null;
    if (here) here.after(part);
    else this.endTarget.before(part);
    window.htmx?.process(part);
    this.renumber(`Part ${this.partTargets.indexOf(part) + 2} added.`);
    part.querySelector("textarea")?.focus();
  }

  remove(event: Event): void {
    const part = partOf(event);
    if (!part) return;
    const next = part.nextElementSibling?.matches(PART) ? part.nextElementSibling : part.previousElementSibling;
    part.remove();
    (next ?? this.element).querySelector("textarea")?.focus();
    this.renumber("Part removed.");
  }

  up(event: Event): void {
    this.move(partOf(event), -1, event.currentTarget as HTMLElement);
  }

  down(event: Event): void {
    this.move(partOf(event), 1, event.currentTarget as HTMLElement);
  }

  key(event: KeyboardEvent): void {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.add(event);
    } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      const part = partOf(event);
      if (!part) return;
      event.preventDefault();
      this.move(part, event.key === "ArrowUp" ? -1 : 1, event.target as HTMLElement);
    }
  }

  lift(event: DragEvent): void {
    this.lifted = partOf(event);
    this.lifted?.setAttribute("data-lifted", "");
    event.dataTransfer?.setData("text/x-candy-part", this.lifted?.dataset.key ?? "");
    if (this.lifted) event.dataTransfer?.setDragImage(this.lifted, 16, 16);
  }

  over(event: DragEvent): void {
    if (!this.lifted) return;
    event.preventDefault();
    place(this.lifted, this.partTargets, event.clientY, "y");
  }

  drop(event: DragEvent): void {
    if (this.lifted) event.preventDefault();
  }

  put(): void {
    if (!this.lifted) return;
    this.lifted.removeAttribute("data-lifted");
    this.lifted = null;
    this.renumber("Order changed.");
  }

  private move(part: HTMLElement | null, by: -1 | 1, focus: HTMLElement): void {
    if (!part || !shift(part, by, PART)) return;
    focus.focus(); // moving an element takes the focus away
    this.renumber(`Now part ${this.partTargets.indexOf(part) + 2}.`);
  }

  private renumber(words: string): void {
    this.partTargets.forEach((part, index) => {
      const number = part.querySelector("[data-thread-target='number']");
      if (number) number.textContent = String(index + 2);
    });
    if (this.hasSaidTarget) this.saidTarget.textContent = words;
    this.dispatch("changed");
  }

  private newKey(): string {
    const used = new Set(this.partTargets.map((part) => part.dataset.key));
    let number = this.partTargets.length + 1;
    while (used.has(`p${number}`)) number += 1;
    return `p${number}`;
  }
}

function partOf(event: Event): HTMLElement | null {
  return (event.target as Element).closest<HTMLElement>(PART);
}
