import { Controller } from "@hotwired/stimulus";

const LOOK_AGAIN = 4000;

/** Choosing a video's cover: the slider shows that moment in the player. */
export default class CoverController extends Controller<HTMLElement> {
  static targets = ["video", "range", "words", "wait"];
  declare readonly videoTarget: HTMLVideoElement;
  declare readonly hasRangeTarget: boolean;
  declare readonly rangeTarget: HTMLInputElement;
  declare readonly wordsTarget: HTMLElement;
  declare readonly waitTarget: HTMLElement;
  private timer: ReturnType<typeof setTimeout> | undefined;

  connect(): void {
    this.say();
  }

  disconnect(): void {
    clearTimeout(this.timer);
  }

  scrub(): void {
    this.videoTarget.pause();
    this.videoTarget.currentTime = Number(this.rangeTarget.value) / 1000;
    this.say();
  }

  played(): void {
    if (!this.hasRangeTarget || this.videoTarget.paused) return;
    this.rangeTarget.value = String(Math.round(this.videoTarget.currentTime * 1000));
    this.say();
  }

  known(): void {
    this.waitTarget.hidden = true;
    if (this.hasRangeTarget && Number.isFinite(this.videoTarget.duration)) {
      this.rangeTarget.max = String(Math.floor(this.videoTarget.duration * 1000));
    }
  }

  /** A form that browsers can play may still be in the making; ask again. */
  broken(): void {
    this.waitTarget.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.videoTarget.load(), LOOK_AGAIN);
  }

  private say(): void {
    if (!this.hasRangeTarget) return;
    const seconds = Number(this.rangeTarget.value) / 1000;
    const words = `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
    this.wordsTarget.textContent = words;
    this.rangeTarget.setAttribute("aria-valuetext", words);
  }
}
