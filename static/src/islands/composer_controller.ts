import { Controller } from "@hotwired/stimulus";
import { csrfToken } from "../lib/cookies";
import { say } from "../lib/toast";
import { applies, chosenValues } from "../lib/options";

const PAUSE = 700;
const ANY = "00000000-0000-0000-0000-000000000000";

/**
 * The composer. The server counts, checks and previews; this shows and hides what belongs to a chosen
 * channel and its kind of post, and saves a moment after the last keystroke. A channel's fields come
 * with the save that first names it (until then its place is `data-late`); after that they are hidden,
 * never taken away: what was typed stays. Files are the tray's, threads the thread's, polls the poll's.
 */
export default class ComposerController extends Controller<HTMLFormElement> {
  static targets = ["main", "channel", "line", "custom", "own", "option", "formats", "status", "state", "send", "wait", "said"];
  static values = { uploadUrl: String, tileUrl: String, ownUrl: String };
  declare readonly mainTarget: HTMLTextAreaElement;
  declare readonly channelTargets: HTMLInputElement[];
  declare readonly lineTargets: HTMLElement[];
  declare readonly customTargets: HTMLInputElement[];
  declare readonly ownTargets: HTMLElement[];
  declare readonly optionTargets: HTMLElement[];
  declare readonly formatsTargets: HTMLElement[];
  declare readonly hasStateTarget: boolean;
  declare readonly stateTarget: HTMLElement;
  declare readonly sendTargets: HTMLElement[];
  declare readonly waitTarget: HTMLTemplateElement;
  declare readonly saidTarget: HTMLElement;
  declare readonly uploadUrlValue: string;
  declare readonly tileUrlValue: string;
  declare readonly ownUrlValue: string;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private dirty = false;
  private leaving = false;
  private readonly coming = new Set<string>();
  private tray: Element | null = null;

  connect(): void {
    window.addEventListener("beforeunload", this.warn);
    document.addEventListener("picker:take", this.picked);
  }

  disconnect(): void {
    clearTimeout(this.timer);
    window.removeEventListener("beforeunload", this.warn);
    document.removeEventListener("picker:take", this.picked);
  }

  /** The server has said which kinds of post fit and what this one goes out as. */
  statusTargetConnected(status: HTMLElement): void {
    const line = this.lineOf(status.dataset.channel);
    if (line) this.fit(line, status);
  }

  /** A channel's fields have come, perhaps when it is not chosen any more. */
  lineTargetConnected(line: HTMLElement): void {
    const channel = line.dataset.channel ?? "";
    if ("late" in line.dataset || !this.coming.delete(channel)) return;
    const poll = this.element.querySelector<HTMLInputElement>("[name='poll-on']");
    for (const each of line.querySelectorAll<HTMLElement>("[data-poll-line]")) each.hidden = !poll?.checked;
    this.saidTarget.textContent = `${line.getAttribute("aria-label") ?? ""}: its fields are below.`;
    this.showLines();
  }

  changed(event: Event): void {
    const field = event.target as HTMLInputElement;
    if (field.id === "at" || field.type === "file") return;
    if (field.type === "checkbox" && event.type === "input") return; // it says both; once is enough
    if (isTyped(field) && event.type === "change") return; // said by its `input`, perhaps stored already
    if (field.name === "channel") {
      this.showLines();
      if (this.awaitLines()) {
        this.dirty = true;
        this.save();
        return;
      }
    }
    if (field.name.startsWith("custom-")) void this.showOwn(field.dataset.channel ?? "");
    const line = field.closest<HTMLElement>("[data-composer-target='line']");
    if (line) this.showOptions(line);
    this.touch();
  }

  /** Enter in a field must not send the form anywhere; it saves by itself. */
  submit(event: Event): void {
    event.preventDefault();
    this.save();
  }

  saving(event: Event): void {
    if (this.isSending(event)) {
      clearTimeout(this.timer); // it takes the whole form with it
      this.leaving = true;
    }
    if (event.target !== this.element) return;
    this.dirty = false;
    if (this.hasStateTarget) this.stateTarget.textContent = "Saving…";
    for (const line of this.lineTargets.filter((each) => "late" in each.dataset)) this.lost(line, false);
  }

  saved(event: Event): void {
    const { successful, xhr } = (event as CustomEvent).detail;
    const isRefused = xhr?.status === 422; // for htmx a success: its answer is shown
    if (successful && !isRefused) return;
    if (this.isSending(event)) this.leaving = false;
    if (event.target !== this.element) return;
    this.dirty = true;
    if (isRefused) return; // its words stand where "Not saved yet" would
    if (this.hasStateTarget) this.stateTarget.textContent = "Not saved yet";
    for (const line of this.lineTargets.filter((each) => "late" in each.dataset)) this.lost(line, true);
  }

  /** Ask once more for fields that could not be opened. */
  again(): void {
    this.awaitLines();
    this.save();
  }

  /** A tray asks for the library; what is picked there goes to that tray. */
  library(event: Event): void {
    this.tray = event.target as Element;
    const picker = document.getElementById("picker") as HTMLDialogElement | null;
    picker?.showModal();
    picker?.querySelector("input")?.dispatchEvent(new CustomEvent("picker:open"));
  }

  touch(): void {
    this.dirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  /** Text from outside (a candidate): for one channel, or for all where there is only one. */
  async fill(channel: string, text: string): Promise<void> {
    const chosen = this.channelTargets.filter((box) => box.checked);
    if (chosen.length === 1 || !channel) {
      this.mainTarget.value = text;
    } else {
      const box = this.customTargets.find((each) => each.dataset.channel === channel);
      if (box) box.checked = true;
      await this.showOwn(channel);
      const own = this.element.querySelector<HTMLTextAreaElement>(`#text-${CSS.escape(channel)}`);
      if (own) own.value = text;
      if (!this.mainTarget.value.trim()) this.mainTarget.value = text;
    }
    this.touch();
  }

  private showLines(): void {
    const chosen = new Set(this.channelTargets.filter((box) => box.checked).map((box) => box.value));
    for (const line of this.lineTargets) line.hidden = !chosen.has(line.dataset.channel ?? "");
    this.dispatch("channels", { detail: { chosen: [...chosen] } });
  }

  /** Whether a chosen channel's fields are not here yet; their places say so. */
  private awaitLines(): boolean {
    const late = this.lineTargets.filter((line) => "late" in line.dataset && !line.hidden);
    for (const line of late) {
      this.coming.add(line.dataset.channel ?? "");
      if (!line.childElementCount) line.append(this.waitTarget.content.cloneNode(true));
      this.lost(line, false);
    }
    return late.length > 0;
  }

  private lost(line: HTMLElement, isLost: boolean): void {
    for (const words of line.querySelectorAll<HTMLElement>(".line-wait-words")) {
      words.hidden = ("composerLost" in words.dataset) !== isLost;
    }
  }

  /** A channel's own version starts as a copy of the common one, made by the server; it is kept. */
  private async showOwn(channel: string): Promise<void> {
    const box = this.customTargets.find((each) => each.dataset.channel === channel);
    const own = this.ownTargets.find((each) => each.dataset.channel === channel);
    if (!own || !box) return;
    own.hidden = !box.checked;
    if (!box.checked || own.childElementCount) return;
    const answer = await fetch(this.ownUrlValue.replace(ANY, channel), {
      method: "POST",
      headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" },
      body: new FormData(this.element),
    }).catch(() => null);
    if (answer?.ok) {
      own.innerHTML = await answer.text();
      window.htmx?.process(own);
      return;
    }
    box.checked = false;
    own.hidden = true;
    say({ level: "danger", message: "Its own version could not be opened. What you wrote is still here; try again." });
  }

  private fit(line: HTMLElement, status: HTMLElement): void {
    const fitting = new Set((status.dataset.formats ?? "").split(" ").filter(Boolean));
    const row = line.querySelector<HTMLElement>("[data-composer-target='formats']");
    if (row) {
      const chips = [...row.querySelectorAll<HTMLElement>("[data-format]")];
      for (const chip of chips) {
        const chosen = chip.querySelector<HTMLInputElement>("input")?.checked ?? false;
        chip.hidden = !chosen && !fitting.has(chip.dataset.format ?? "");
      }
      const explicit = row.querySelector<HTMLInputElement>("input:checked")?.value;
      row.hidden = !explicit && chips.filter((chip) => !chip.hidden).length < 2;
    }
    this.showOptions(line);
  }

  private showOptions(line: HTMLElement): void {
    const status = line.querySelector<HTMLElement>("[data-composer-target='status']");
    const values = chosenValues(line, line.dataset.channel ?? "");
    // In the order of the page, where what decides stands first: what is hidden decides nothing.
    for (const option of line.querySelectorAll<HTMLElement>("[data-composer-target='option']")) {
      option.hidden = !applies(option, status?.dataset.format ?? "", values);
      if (option.hidden && option.dataset.name) values.delete(option.dataset.name);
    }
  }

  private lineOf(channel: string | undefined): HTMLElement | undefined {
    return this.lineTargets.find((line) => line.dataset.channel === channel);
  }

  private isSending(event: Event): boolean {
    return this.sendTargets.includes(event.target as HTMLElement);
  }

  private save(): void {
    clearTimeout(this.timer);
    this.element.dispatchEvent(new CustomEvent("composer:save"));
  }

  private readonly picked = (event: Event): void => {
    const { asset } = (event as CustomEvent<{ asset: string }>).detail;
    this.tray?.dispatchEvent(new CustomEvent("tray:take", { detail: { asset } }));
  };

  private readonly warn = (event: BeforeUnloadEvent): void => {
    if (this.dirty && !this.leaving) event.preventDefault();
  };
}

function isTyped(field: HTMLElement): boolean {
  return field.matches("textarea, input:not([type=checkbox], [type=radio])");
}
