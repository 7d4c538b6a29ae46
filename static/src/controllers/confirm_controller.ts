import { Controller } from "@hotwired/stimulus";

/**
 * Asks before something goes. On a form, or on anything with hx-post and its kin:
 * `data-controller="confirm" data-confirm-text-value="What goes and what stays" data-confirm-yes-value="Delete post"`.
 * `title` says more than the verb alone; with `type` the person types that word first.
 */
export default class ConfirmController extends Controller<HTMLElement> {
  static values = { title: String, text: String, yes: String, type: String, body: String, verb: String };
  declare readonly titleValue: string;
  declare readonly textValue: string;
  declare readonly yesValue: string;
  declare readonly typeValue: string;
  declare readonly bodyValue: string;
  declare readonly verbValue: string;
  private sure = false;
  private readonly passed = new WeakSet<Event>();
  private readonly heard = (event: Event): void => this.ask(event);

  connect(): void {
    this.element.addEventListener("submit", this.heard);
    this.element.addEventListener("htmx:confirm", this.heard);
  }

  disconnect(): void {
    this.element.removeEventListener("submit", this.heard);
    this.element.removeEventListener("htmx:confirm", this.heard);
  }

  ask(event: Event): void {
    const issue = (event as CustomEvent).detail?.issueRequest as ((skip: boolean) => void) | undefined;
    // A form sent by htmx is asked about once, when htmx is about to send it.
    if (!issue && this.byHtmx) return;
    if (this.passed.has(event)) return;
    if (this.sure) {
      this.sure = false;
      this.passed.add(event);
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = (event as SubmitEvent).submitter ?? null;
    this.show(() => {
      if (issue) issue(true);
      else this.send(submitter);
    });
  }

  private get byHtmx(): boolean {
    return ["hx-post", "hx-delete", "hx-put", "hx-patch", "hx-get"].some((name) => this.element.hasAttribute(name));
  }

  private send(submitter: HTMLElement | null): void {
    this.sure = true;
    (this.element as HTMLFormElement).requestSubmit(submitter);
  }

  private show(proceed: () => void): void {
    const dialog = document.getElementById("confirm-dialog") as HTMLDialogElement | null;
    if (!dialog) {
      proceed();
      return;
    }
    const part = <T extends HTMLElement>(name: string) => dialog.querySelector<T>(`[data-confirm-part="${name}"]`)!;
    const verb = part<HTMLButtonElement>("verb");
    const typed = part<HTMLInputElement>("typed");
    const word = this.yesValue || this.verbValue;
    part("title").textContent = this.titleValue || (word ? `${word}?` : "Are you sure?");
    part("body").textContent = this.textValue || this.bodyValue;
    verb.textContent = word || "Continue";
    part("type").hidden = !this.typeValue;
    part("word").textContent = this.typeValue;
    typed.value = "";
    verb.disabled = Boolean(this.typeValue);
    typed.oninput = () => {
      verb.disabled = typed.value.trim() !== this.typeValue;
    };
    dialog.returnValue = "";
    dialog.addEventListener("close", () => dialog.returnValue === "yes" && proceed(), { once: true });
    dialog.showModal();
  }
}
