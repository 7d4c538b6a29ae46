import { Controller } from "@hotwired/stimulus";

/**
 * Asks before something goes. On a form: `data-controller="confirm" data-action="submit->confirm#ask"
 * data-confirm-title-value="Delete 3 posts?" data-confirm-body-value="…" data-confirm-verb-value="Delete"`.
 * With `data-confirm-type-value="acme"` the person types that word first. htmx requests are asked too,
 * by `data-action="htmx:confirm->confirm#ask"`.
 */
export default class ConfirmController extends Controller<HTMLElement> {
  static values = { title: String, body: String, verb: String, type: String };
  declare readonly titleValue: string;
  declare readonly bodyValue: string;
  declare readonly verbValue: string;
  declare readonly typeValue: string;
  private sure = false;

  ask(event: Event): void {
    if (this.sure) {
      this.sure = false;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = (event as SubmitEvent).submitter ?? null;
    const issue = (event as CustomEvent).detail?.issueRequest as ((skip: boolean) => void) | undefined;
    this.show(() => {
      if (issue) issue(true);
      else this.send(submitter);
    });
  }

  private send(submitter: HTMLElement | null): void {
    this.sure = true;
    if (this.element instanceof HTMLFormElement) this.element.requestSubmit(submitter);
    else this.element.click();
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
    part("title").textContent = this.titleValue || "Are you sure?";
    part("body").textContent = this.bodyValue;
    verb.textContent = this.verbValue || "Continue";
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
