import { Controller } from "@hotwired/stimulus";
import { say } from "../lib/toast";

const VERBS = ["hx-post", "hx-delete", "hx-put", "hx-patch", "hx-get"];
/** What tells one question from another: where it sends, what, and what the person was asked. */
const SAME = ["id", "action", "method", "name", "value", "hx-vals", ...VERBS];
/** Those whose person said yes: their next try passes. */
const sure = new WeakSet<Element>();

/**
 * Asks before something goes. On a form, on one of its buttons, or on anything with hx-post and its kin:
 * `data-controller="confirm" data-confirm-text-value="What goes and what stays" data-confirm-yes-value="Delete post"`.
 * `title` says more than the verb alone, `no` is another word for "Keep it"; with `type` the person types
 * that word first; `note` selects an element whose words, as they stand now, end the question. When the page
 * is drawn anew while the question stands, the answer goes to the element that took the place.
 */
export default class ConfirmController extends Controller<HTMLElement> {
  static values = { title: String, text: String, yes: String, type: String, body: String, verb: String, note: String, no: String };
  declare readonly titleValue: string;
  declare readonly textValue: string;
  declare readonly yesValue: string;
  declare readonly typeValue: string;
  declare readonly bodyValue: string;
  declare readonly verbValue: string;
  declare readonly noteValue: string;
  declare readonly noValue: string;
  private readonly passed = new WeakSet<Event>();
  private readonly heard = (event: Event): void => this.ask(event);

  connect(): void {
    this.element.addEventListener(this.waitsFor, this.heard);
  }

  disconnect(): void {
    this.element.removeEventListener(this.waitsFor, this.heard);
  }

  ask(event: Event): void {
    if (event.type !== this.waitsFor || this.passed.has(event)) return;
    if (event.type === "htmx:confirm" && event.target !== this.element) return; // of something inside
    if (sure.delete(this.element)) {
      this.passed.add(event);
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const issue = (event as CustomEvent).detail?.issueRequest as ((skip: boolean) => void) | undefined;
    const submitter = (event as SubmitEvent).submitter ?? null;
    this.show(() => this.go(issue, submitter));
  }

  /** A form sent by htmx is asked about once, when htmx is about to send it. */
  private get waitsFor(): string {
    if (VERBS.some((name) => this.element.hasAttribute(name))) return "htmx:confirm";
    return this.element instanceof HTMLFormElement ? "submit" : "click";
  }

  private go(issue: ((skip: boolean) => void) | undefined, submitter: HTMLElement | null): void {
    const element = this.element.isConnected ? this.element : successor(this.element);
    if (!element) {
      say({ level: "warning", message: "This changed while you decided, and nothing was done. Look again." });
    } else if (issue && element === this.element) {
      // Where another request is under way htmx keeps this one in a queue and asks again at its turn.
      sure.add(element);
      element.addEventListener("htmx:beforeRequest", () => sure.delete(element), { once: true });
      issue(true);
    } else {
      sure.add(element);
      if (element instanceof HTMLFormElement) element.requestSubmit(submitter?.isConnected ? submitter : null);
      else element.click();
    }
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
    const note = (this.noteValue && document.querySelector(this.noteValue)?.textContent) || "";
    part("body").textContent = `${this.textValue || this.bodyValue} ${note.trim()}`.trim();
    verb.textContent = word || "Continue";
    part("no").textContent = this.noValue || "Keep it";
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

/** The one element that asks the same and would send the same, where `gone` was drawn anew. */
function successor(gone: HTMLElement): HTMLElement | null {
  const found = [...document.querySelectorAll<HTMLElement>(gone.localName)].filter((each) => asks(each) === asks(gone));
  return found.length === 1 ? (found[0] ?? null) : null;
}

function asks(element: HTMLElement): string {
  const values = element instanceof HTMLFormElement ? [...new FormData(element)] : [];
  const sent = values.filter(([name]) => name !== "csrfmiddlewaretoken").map(([name, value]) => `${name}=${value}`);
  const words = Object.entries(element.dataset).filter(([name]) => name.startsWith("confirm"));
  return JSON.stringify([SAME.map((name) => element.getAttribute(name)), words.sort(), sent]);
}
