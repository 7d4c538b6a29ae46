/** Arithmetic of captions: times as people type them, and what is wrong or hard to read. Milliseconds. */

export interface Cue {
  start: number;
  end: number;
  text: string;
}

/** One line of the editor as it was typed. */
export interface Line {
  start: string;
  end: string;
  text: string;
}

/** An error keeps a line from being saved; a warning only says that readers will have it hard. */
export interface Problem {
  field: keyof Line;
  level: "error" | "warning";
  words: string;
}

/** What grown-ups read along with pictures, in characters a second. */
export const FASTEST = 20;
/** Shorter than this nobody sees it. */
export const SHORTEST = 700;
const USUAL = 2000;
const MOST = 1000;
const TYPED = /^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?$/;

/** "1:02.5", "00:01:02,500" and "62.5" are the same; null for what is no time. */
export function readTime(typed: string): number | null {
  const found = TYPED.exec(typed.trim());
  if (!found) return null;
  const [, hours, minutes, seconds, rest] = found;
  if ((minutes !== undefined && Number(seconds) > 59) || (hours !== undefined && Number(minutes) > 59)) return null;
  const whole = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds);
  return whole * 1000 + Number((rest ?? "0").padEnd(3, "0"));
}

/** "1:02.500", with hours only where there are some. */
export function writeTime(milliseconds: number): string {
  const all = Math.max(0, Math.round(milliseconds));
  const [hours, minutes, seconds] = [Math.floor(all / 3_600_000), Math.floor(all / 60_000) % 60, (all / 1000) % 60];
  const tail = `${hours ? String(minutes).padStart(2, "0") : minutes}:${seconds.toFixed(3).padStart(6, "0")}`;
  return hours ? `${hours}:${tail}` : tail;
}

/** Characters a second that have to be read; line breaks are none. */
export function speed(cue: Cue): number {
  const letters = [...cue.text.replace(/\s+/g, " ").trim()].length;
  return cue.end > cue.start ? (letters * 1000) / (cue.end - cue.start) : 0;
}

/** A line as a cue, null where it cannot be one yet. */
export function cueOf(line: Line): Cue | null {
  const [start, end, text] = [readTime(line.start), readTime(line.end), tidy(line.text)];
  return start === null || end === null || end <= start || !text ? null : { start, end, text };
}

/** What is wrong with each line. `length` is the video's; 0 where it is not known. */
export function check(lines: readonly Line[], length = 0): Problem[][] {
  let before: Cue | null = null;
  return lines.map((line) => {
    if (isEmpty(line)) return [];
    const found = wrong(line);
    const [start, end] = [readTime(line.start), readTime(line.end)];
    if (start === null || end === null || end <= start) return found;
    const cue = { start, end, text: tidy(line.text) };
    found.push(...hard(cue, length), ...beside(cue, before));
    before = cue;
    return found;
  });
}

/** Whether each line begins no earlier than the one above it; lines without a time do not count. */
export function isSorted(lines: readonly Line[]): boolean {
  let last = 0;
  return lines.every((line) => {
    const start = readTime(line.start);
    if (start === null) return true;
    const fits = start >= last;
    last = start;
    return fits;
  });
}

/** The order of the lines by time; what has no time stays behind the line it stood behind. */
export function order(lines: readonly Line[]): number[] {
  let last = 0;
  const starts = lines.map((line) => (last = readTime(line.start) ?? last));
  return lines.map((_, index) => index).sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b);
}

/** When a new line between two others would be shown: after the first, before the second. */
export function between(above: Line | undefined, below: Line | undefined): { start: number; end: number } {
  const start = (above && (readTime(above.end) ?? readTime(above.start))) ?? 0;
  const limit = below ? readTime(below.start) : null;
  const end = limit !== null && limit > start ? Math.min(start + USUAL, limit) : start + USUAL;
  return { start, end };
}

/** WebVTT for the player: every line that is right, in order of time. */
export function toVtt(lines: readonly Line[]): string {
  const cues = lines.map(cueOf).filter((cue) => cue !== null);
  cues.sort((a, b) => a.start - b.start || a.end - b.end);
  const blocks = cues.map((cue) => `${clock(cue.start)} --> ${clock(cue.end)}\n${escaped(cue.text)}`);
  return `${["WEBVTT", ...blocks].join("\n\n")}\n`;
}

function wrong(line: Line): Problem[] {
  const found: Problem[] = [];
  const error = (field: keyof Line, words: string) => found.push({ field, level: "error", words });
  const [start, end] = [readTime(line.start), readTime(line.end)];
  if (start === null) error("start", "Give a time such as 1:02.5.");
  if (end === null) error("end", "Give a time such as 1:02.5.");
  if (start !== null && end !== null && end <= start) error("end", "This ends before it begins.");
  const text = tidy(line.text);
  if (!text) error("text", "Write what is said, or remove this line.");
  if (text.length > MOST) error("text", "A caption has at most 1,000 characters.");
  return found;
}

function hard(cue: Cue, length: number): Problem[] {
  const found: Problem[] = [];
  const each = speed(cue);
  if (length && cue.start >= length) found.push({ field: "start", level: "warning", words: "The video is over by then." });
  else if (length && cue.end > length + 50) found.push({ field: "end", level: "warning", words: "The video is over before this ends." });
  if (cue.end - cue.start < SHORTEST) found.push({ field: "end", level: "warning", words: "Too short to be seen." });
  else if (each > FASTEST && cue.text.length <= MOST) {
    const words = `${Math.round(each)} characters a second; most people read ${FASTEST}.`;
    found.push({ field: "text", level: "warning", words });
  }
  return found;
}

function beside(cue: Cue, before: Cue | null): Problem[] {
  if (!before) return [];
  if (cue.start < before.start) return [{ field: "start", level: "warning", words: "This begins before the line above." }];
  if (cue.start >= before.end) return [];
  const words = `Overlaps the line above by ${((before.end - cue.start) / 1000).toFixed(1)} s.`;
  return [{ field: "start", level: "warning", words }];
}

function isEmpty(line: Line): boolean {
  return !(line.start.trim() || line.end.trim() || line.text.trim());
}

function tidy(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .join("\n");
}

function clock(milliseconds: number): string {
  const hours = String(Math.floor(milliseconds / 3_600_000)).padStart(2, "0");
  return `${hours}:${writeTime(milliseconds % 3_600_000).padStart(9, "0")}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
