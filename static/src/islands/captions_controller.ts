import { Controller } from "@hotwired/stimulus";
import { between, check, cueOf, isSorted, type Line, order, readTime, toVtt, writeTime } from "../lib/cues";

const REST = 200;
const STEP = 100;
const FIELDS = ["start", "end", "text"] as const;

type Field = HTMLInputElement | HTMLTextAreaElement;

/** What was typed and not saved when an editor was closed, by what it edits; gone with the page. */
const left = new Map<string, Line[]>();

/**
 * Captions beside the player. The languages that there are become its tracks; while one is edited the
 * player shows what is typed, each line says what is wrong with it, and a refused save touches nothing.
 */
export default class CaptionsController extends Controller<HTMLElement> {
  static targets = ["track", "form", "rows", "row", "blank", "problem", "sort", "undo", "state"];
  static values = { length: Number };
  declare readonly trackTargets: HTMLElement[];
  declare readonly hasFormTarget: boolean;
  declare readonly formTarget: HTMLFormElement;
  declare readonly rowsTarget: HTMLElement;
  declare readonly rowTargets: HTMLElement[];
  declare readonly blankTarget: HTMLTemplateElement;
  declare readonly sortTarget: HTMLElement;
  declare readonly undoTarget: HTMLElement;
  declare readonly stateTarget: HTMLElement;
  declare readonly lengthValue: number;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private preview: HTMLTrackElement | null = null;
  private removed: { row: HTMLElement; before: Element | null } | null = null;
  private name = "";
  private isDirty = false;
  private isSaved = false;

  connect(): void {
    this.showTracks();
    if (!this.hasFormTarget) return;
    this.name = `${this.formTarget.getAttribute("hx-post")} ${this.language?.type === "hidden" ? this.language.value : ""}`;
    this.takeUp();
    this.draw();
    this.player?.addEventListener("timeupdate", this.played);
    window.addEventListener("beforeunload", this.warn);
    (this.language?.type === "hidden" ? this.fieldOf(this.rowTargets[0], "text") : this.language)?.focus();
  }

  disconnect(): void {
    clearTimeout(this.timer);
    this.player?.removeEventListener("timeupdate", this.played);
    window.removeEventListener("beforeunload", this.warn);
    if (this.preview) URL.revokeObjectURL(this.preview.src);
    this.preview?.remove();
    if (this.isDirty && !this.isSaved) left.set(this.name, this.kept);
    this.preview = null;
  }

  /** Runs when the server has said what is wrong: each line wears its own, the first gets the focus. */
  problemTargetConnected(problem: HTMLElement): void {
    if (!this.hasFormTarget) return;
    const { line, field } = problem.dataset;
    const where = line ? this.fieldOf(this.rowTargets[Number(line) - 1], field ?? "") : this.named(field ?? "");
    where?.setAttribute("aria-invalid", "true");
    if (!this.element.contains(document.activeElement) || document.activeElement?.matches("[type=submit]")) where?.focus();
  }

  /** Puts the lines into the request; they have no names of their own, so that thousands are one field. */
  pack(event: CustomEvent<{ parameters: Record<string, unknown>; verb: string }>): void {
    if (event.detail.verb === "post") event.detail.parameters.cues = JSON.stringify(this.lines);
  }

  /** Heard before the page changes: what was saved is not kept for later. */
  answered(event: CustomEvent<{ xhr: XMLHttpRequest }>): void {
    this.isSaved = event.detail.xhr.status < 300;
    if (this.isSaved) left.delete(this.name);
  }

  changed(): void {
    this.isDirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.draw(), REST);
  }

  append(): void {
    this.insert(this.rowTargets.at(-1));
  }

  add(event: Event): void {
    this.insert(rowOf(event));
  }

  remove(event: Event): void {
    const row = rowOf(event);
    if (!row) return;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.removed = { row, before: row.nextElementSibling };
    row.remove();
    this.undoTarget.hidden = false;
    this.rewritten();
    (next ? this.fieldOf(next as HTMLElement, "text") : this.undoTarget)?.focus();
  }

  undo(): void {
    if (!this.removed) return;
    const { row, before } = this.removed;
    this.rowsTarget.insertBefore(row, before?.isConnected ? before : null);
    this.removed = null;
    this.undoTarget.hidden = true;
    this.rewritten();
    this.fieldOf(row, "text")?.focus();
  }

  sort(): void {
    const rows = this.rowTargets;
    this.rowsTarget.append(...order(this.lines).map((index) => rows[index]!));
    this.rewritten();
    this.fieldOf(this.rowTargets[0], "start")?.focus();
  }

  play(event: Event): void {
    const row = rowOf(event);
    if (row) this.playFrom(row);
  }

  /** Leaving with something unsaved takes a second press. */
  leave(event: Event): void {
    const button = event.currentTarget as HTMLElement;
    if (this.isDirty && !button.dataset.sure) {
      button.dataset.sure = "yes";
      button.textContent = "Leave without saving";
      return;
    }
    this.isSaved = true;
    left.delete(this.name);
    button.dispatchEvent(new Event("candy:leave"));
  }

  /** The player shows the moment of the line that is being written, unless it plays. */
  entered(event: FocusEvent): void {
    const line = this.lineOf(rowOf(event));
    const start = line && readTime(line.start);
    if (this.player?.paused && typeof start === "number") this.player.currentTime = start / 1000;
  }

  key(event: KeyboardEvent): void {
    const row = rowOf(event);
    const field = event.target as Field;
    if (!row || !FIELDS.includes(field.dataset.field as keyof Line)) return;
    const step = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    if (event.altKey && step) this.goTo(step === 1 ? row.previousElementSibling : row.nextElementSibling, field);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.insert(row);
    else if (field.dataset.field === "text" || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (step) this.nudge(field, step * STEP * (event.shiftKey ? 10 : 1));
    else if (event.key === "Enter") this.goTo(row.nextElementSibling, field);
    else if (event.key.toLowerCase() === "t") this.put(field, (this.player?.currentTime ?? 0) * 1000);
    else if (event.key.toLowerCase() === "p") this.playFrom(row);
    else return;
    event.preventDefault();
  }

  // --- lines -----------------------------------------------------------------------------------------

  private get lines(): Line[] {
    return this.rowTargets.map((row) => this.lineOf(row)!);
  }

  private get kept(): Line[] {
    return this.lines.filter((line) => line.start || line.end || line.text);
  }

  private lineOf(row: HTMLElement | null | undefined): Line | null {
    if (!row) return null;
    const value = (field: keyof Line) => this.fieldOf(row, field)?.value ?? "";
    return { start: value("start"), end: value("end"), text: value("text") };
  }

  private fieldOf(row: HTMLElement | null | undefined, field: string): Field | null {
    return row?.querySelector<Field>(`[data-field="${field}"]`) ?? null;
  }

  private named(field: string): Field | null {
    return this.formTarget.querySelector<Field>(`.caption-names [data-field="${field}"]`);
  }

  private get language(): HTMLInputElement | null {
    return this.formTarget.querySelector<HTMLInputElement>("[name=language]");
  }

  private made(line: Line): HTMLElement {
    const row = (this.blankTarget.content.cloneNode(true) as DocumentFragment).querySelector<HTMLElement>("tr")!;
    for (const name of FIELDS) this.fieldOf(row, name)!.value = line[name];
    return row;
  }

  private insert(above: HTMLElement | undefined | null): void {
    const below = above?.nextElementSibling as HTMLElement | null | undefined;
    const { start, end } = between(this.lineOf(above) ?? undefined, this.lineOf(below) ?? undefined);
    const row = this.made({ start: writeTime(start), end: writeTime(end), text: "" });
    this.rowsTarget.insertBefore(row, above?.nextElementSibling ?? null);
    this.rewritten();
    const field = this.fieldOf(row, "text");
    field?.focus();
    field?.scrollIntoView({ block: "nearest" });
  }

  private takeUp(): void {
    const lines = left.get(this.name);
    if (!lines) return;
    left.delete(this.name);
    this.rowsTarget.replaceChildren(...lines.map((line) => this.made(line)));
    this.isDirty = true;
  }

  private goTo(row: Element | null, field: Field): void {
    const there = row && this.fieldOf(row as HTMLElement, field.dataset.field ?? "");
    there?.focus();
    if (there instanceof HTMLInputElement) there.select();
  }

  private nudge(field: Field, by: number): void {
    const now = readTime(field.value);
    if (now !== null) this.put(field, now + by);
  }

  private put(field: Field, milliseconds: number): void {
    field.value = writeTime(milliseconds);
    this.changed();
    if (this.player?.paused) this.player.currentTime = Math.max(0, milliseconds) / 1000;
  }

  // --- what is shown ---------------------------------------------------------------------------------

  private rewritten(): void {
    this.isDirty = true;
    this.draw();
  }

  private draw(): void {
    const [rows, lines] = [this.rowTargets, this.lines];
    const found = check(lines, this.lengthValue);
    rows.forEach((row, index) => this.mark(row, index, found[index] ?? []));
    this.sortTarget.hidden = isSorted(lines);
    const count = (level: string) => found.filter((each) => each.some((one) => one.level === level)).length;
    const words = [`${rows.length} line${rows.length === 1 ? "" : "s"}`];
    if (count("error")) words.push(`${count("error")} to be put right`);
    if (count("warning")) words.push(`${count("warning")} hard to follow`);
    if (this.isDirty) words.push("not saved yet");
    this.stateTarget.textContent = words.join(" · ");
    this.showPreview(lines);
  }

  private mark(row: HTMLElement, index: number, problems: ReturnType<typeof check>[number]): void {
    const number = index + 1;
    const note = row.querySelector<HTMLElement>("[data-part=note]")!;
    note.id = `caption-note-${number}`;
    note.textContent = problems.map((one) => one.words).join(" ");
    note.hidden = !problems.length;
    const isWrong = problems.some((one) => one.level === "error");
    note.dataset.level = isWrong ? "error" : "warning";
    const labels = { start: `Start of line ${number}`, end: `End of line ${number}`, text: `Text of line ${number}` };
    for (const name of FIELDS) {
      const field = this.fieldOf(row, name)!;
      const mine = problems.filter((one) => one.field === name);
      field.setAttribute("aria-label", labels[name]);
      field.toggleAttribute("data-warned", mine.length > 0);
      if (mine.some((one) => one.level === "error")) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
      if (mine.length) field.setAttribute("aria-describedby", note.id);
      else field.removeAttribute("aria-describedby");
    }
    const tools = { play: `Play line ${number}`, add: `Add a line below line ${number}`, remove: `Remove line ${number}` };
    for (const [part, words] of Object.entries(tools)) row.querySelector(`[data-part=${part}]`)?.setAttribute("aria-label", words);
  }

  private get player(): HTMLVideoElement | null {
    return this.element.closest(".asset-details")?.querySelector("video") ?? null;
  }

  /** The player's tracks are the languages in the list, whatever was saved or removed since. */
  private showTracks(): void {
    const player = this.player;
    if (!player) return;
    const there = [...player.querySelectorAll<HTMLTrackElement>("track")];
    const same =
      there.length === this.trackTargets.length &&
      there.every((track, index) => track.getAttribute("src") === this.trackTargets[index]?.dataset.src);
    if (same) return;
    for (const track of there) track.remove();
    player.append(
      ...this.trackTargets.map((one) => trackOf(one.dataset.src ?? "", one.dataset.label ?? "", one.dataset.language ?? "")),
    );
  }

  private showPreview(lines: Line[]): void {
    const player = this.player;
    if (!player) return;
    const old = this.preview;
    const file = URL.createObjectURL(new Blob([toVtt(lines)], { type: "text/vtt" }));
    this.preview = trackOf(file, "What you are writing", this.language?.value || "en");
    this.preview.dataset.preview = "";
    player.append(this.preview);
    for (const track of player.textTracks) track.mode = "disabled";
    this.preview.track.mode = "showing";
    if (!old) return;
    URL.revokeObjectURL(old.src);
    old.remove();
  }

  private playFrom(row: HTMLElement): void {
    const start = readTime(this.fieldOf(row, "start")?.value ?? "");
    if (!this.player || start === null) return;
    this.player.currentTime = start / 1000;
    void this.player.play().catch(() => undefined);
  }

  private readonly played = (): void => {
    const now = (this.player?.currentTime ?? 0) * 1000;
    for (const row of this.rowTargets) {
      const cue = cueOf(this.lineOf(row)!);
      row.toggleAttribute("data-now", cue !== null && cue.start <= now && now < cue.end);
    }
  };

  private readonly warn = (event: BeforeUnloadEvent): void => {
    if (this.isDirty && !this.isSaved) event.preventDefault();
  };
}

function rowOf(event: Event): HTMLElement | null {
  return (event.target as Element).closest<HTMLElement>("[data-captions-target=row]");
}

function trackOf(src: string, label: string, language: string): HTMLTrackElement {
  const track = document.createElement("track");
  Object.assign(track, { kind: "captions", src, label, srclang: language });
  return track;
}
