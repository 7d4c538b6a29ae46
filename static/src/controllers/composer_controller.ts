import { Controller } from "@hotwired/stimulus";
import { csrfToken } from "../lib/cookies";
import { say } from "../lib/toast";

const PAUSE = 700;

/**
 * The composer. The server counts, checks and previews; this shows and hides what belongs to a chosen
 * channel, takes images in, and saves a moment after the last keystroke.
 */
export default class ComposerController extends Controller<HTMLFormElement> {
  static targets = ["main", "channel", "line", "custom", "own", "images", "add", "tile", "state"];
  static values = { imageUrl: String };
  declare readonly mainTarget: HTMLTextAreaElement;
  declare readonly channelTargets: HTMLInputElement[];
  declare readonly lineTargets: HTMLElement[];
  declare readonly customTargets: HTMLInputElement[];
  declare readonly ownTargets: HTMLElement[];
  declare readonly imagesTarget: HTMLElement;
  declare readonly addTarget: HTMLElement;
  declare readonly hasStateTarget: boolean;
  declare readonly stateTarget: HTMLElement;
  declare readonly imageUrlValue: string;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private dirty = false;

  connect(): void {
    window.addEventListener("beforeunload", this.warn);
  }

  disconnect(): void {
    clearTimeout(this.timer);
    window.removeEventListener("beforeunload", this.warn);
  }

  changed(event: Event): void {
    const field = event.target as HTMLInputElement;
    if (field.id === "at" || field.type === "file") return;
    if (field.name === "channel") this.showLines();
    if (field.name.startsWith("custom-")) this.showOwn(field.dataset.channel ?? "");
    if (field === (this.mainTarget as unknown)) this.carryOver();
    this.touch();
  }

  /** Enter in a field must not send the form anywhere; it saves by itself. */
  submit(event: Event): void {
    event.preventDefault();
    this.save();
  }

  saving(event: Event): void {
    if (event.target !== this.element) return;
    this.dirty = false;
    if (this.hasStateTarget) this.stateTarget.textContent = "Saving…";
  }

  saved(event: Event): void {
    const { successful, failed, xhr } = (event as CustomEvent).detail;
    if (successful || (failed && xhr?.status === 422)) return;
    this.dirty = true;
    if (this.hasStateTarget) this.stateTarget.textContent = "Not saved yet";
  }

  pick(event: Event): void {
    const input = event.target as HTMLInputElement;
    void this.take([...(input.files ?? [])]);
    input.value = "";
  }

  paste(event: ClipboardEvent): void {
    const files = images(event.clipboardData?.files);
    if (!files.length) return;
    event.preventDefault();
    void this.take(files);
  }

  over(event: DragEvent): void {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  }

  drop(event: DragEvent): void {
    const files = images(event.dataTransfer?.files);
    if (!files.length) return;
    event.preventDefault();
    void this.take(files);
  }

  remove(event: Event): void {
    (event.target as Element).closest("[data-composer-target='tile']")?.remove();
    this.touch();
  }

  /** Text from outside (a candidate): for one channel, or for all where there is only one. */
  fill(channel: string, text: string): void {
    const chosen = this.channelTargets.filter((box) => box.checked);
    if (chosen.length === 1 || !channel) {
      this.mainTarget.value = text;
      this.carryOver();
    } else {
      const box = this.customTargets.find((each) => each.dataset.channel === channel);
      if (box) box.checked = true;
      this.showOwn(channel);
      const own = this.element.querySelector<HTMLTextAreaElement>(`#text-${CSS.escape(channel)}`);
      if (own) own.value = text;
      if (!this.mainTarget.value.trim()) this.mainTarget.value = text;
    }
    this.touch();
  }

  private async take(files: File[]): Promise<void> {
    for (const file of files) {
      const body = new FormData();
      body.append("image", file);
      this.addTarget.dataset.busy = "";
      const answer = await fetch(this.imageUrlValue, {
        method: "POST",
        headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" },
        body,
      }).catch(() => null);
      delete this.addTarget.dataset.busy;
      if (answer?.ok) {
        this.addTarget.insertAdjacentHTML("beforebegin", await answer.text());
        this.touch();
        continue;
      }
      const own = answer?.headers.get("X-Candy-Message");
      say({
        level: "danger",
        message: own ? decodeURIComponent(own) : `“${file.name}” could not be added. Try again.`,
      });
    }
  }

  private showLines(): void {
    const chosen = new Set(this.channelTargets.filter((box) => box.checked).map((box) => box.value));
    for (const line of this.lineTargets) line.hidden = !chosen.has(line.dataset.channel ?? "");
  }

  private showOwn(channel: string): void {
    const box = this.customTargets.find((each) => each.dataset.channel === channel);
    const own = this.ownTargets.find((each) => each.dataset.channel === channel);
    if (own && box) own.hidden = !box.checked;
  }

  /** A channel without a text of its own starts from the common one when it gets its own. */
  private carryOver(): void {
    for (const box of this.customTargets) {
      if (box.checked) continue;
      const own = this.element.querySelector<HTMLTextAreaElement>(
        `#text-${CSS.escape(box.dataset.channel ?? "")}`,
      );
      if (own) own.value = this.mainTarget.value;
    }
  }

  private touch(): void {
    this.dirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  private save(): void {
    clearTimeout(this.timer);
    this.element.dispatchEvent(new CustomEvent("composer:save"));
  }

  private readonly warn = (event: BeforeUnloadEvent): void => {
    if (this.dirty) event.preventDefault();
  };
}

function images(files: FileList | undefined | null): File[] {
  return [...(files ?? [])].filter((file) => file.type.startsWith("image/"));
}
