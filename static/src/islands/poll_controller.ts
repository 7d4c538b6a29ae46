import { Controller } from "@hotwired/stimulus";

const MOST = 20;
const LEAST = 2;

/** Answers of a poll: added, removed; Enter goes to the next one. What networks take is said below. */
export default class PollController extends Controller<HTMLElement> {
  static targets = ["on", "body", "list", "blank", "answer", "add"];
  declare readonly onTarget: HTMLInputElement;
  declare readonly bodyTarget: HTMLElement;
  declare readonly listTarget: HTMLElement;
  declare readonly blankTarget: HTMLTemplateElement;
  declare readonly answerTargets: HTMLElement[];
  declare readonly addTarget: HTMLButtonElement;

  turn(): void {
    this.bodyTarget.hidden = !this.onTarget.checked;
    for (const line of document.querySelectorAll<HTMLElement>("[data-poll-line]")) {
      line.hidden = !this.onTarget.checked;
    }
    if (this.onTarget.checked) this.bodyTarget.querySelector("input")?.focus();
  }

  add(): void {
    if (this.answerTargets.length >= MOST) return;
    this.listTarget.append(this.blankTarget.content.cloneNode(true));
    this.renumber();
    this.listTarget.lastElementChild?.querySelector("input")?.focus();
  }

  remove(event: Event): void {
    const answer = (event.target as Element).closest("[data-poll-target='answer']");
    if (!answer) return;
    if (this.answerTargets.length > LEAST) answer.remove();
    else answer.querySelector("input")!.value = "";
    this.renumber();
    this.listTarget.querySelector("input")?.focus();
    this.dispatch("changed");
  }

  key(event: KeyboardEvent): void {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const fields = [...this.listTarget.querySelectorAll("input")];
    const next = fields[fields.indexOf(event.target as HTMLInputElement) + 1];
    if (next) next.focus();
    else this.add();
  }

  private renumber(): void {
    this.listTarget.querySelectorAll("input").forEach((field, index) => {
      field.setAttribute("aria-label", `Answer ${index + 1}`);
    });
    this.addTarget.disabled = this.answerTargets.length >= MOST;
  }
}
