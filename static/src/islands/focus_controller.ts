import { Controller } from "@hotwired/stimulus";

const STEP = 0.02;
const LEAST = 0.05;

/**
 * The box of what has to stay in a picture. Dragged, drawn anew beside it, moved with the arrows and made
 * larger or smaller with plus and minus; Shift makes larger steps. Its fields are fractions of the picture.
 */
export default class FocusController extends Controller<HTMLFormElement> {
  static targets = ["picture", "box", "veil", "value"];
  static values = { width: Number, height: Number };
  declare readonly pictureTarget: SVGSVGElement;
  declare readonly boxTarget: SVGRectElement;
  declare readonly veilTarget: SVGPathElement;
  declare readonly valueTargets: HTMLInputElement[];
  declare readonly widthValue: number;
  declare readonly heightValue: number;
  private grip: { x: number; y: number; moves: boolean } | null = null;

  connect(): void {
    this.put(this.box);
  }

  down(event: PointerEvent): void {
    const at = this.point(event);
    const moves = event.target === this.boxTarget;
    this.grip = moves ? { x: at.x - this.box.x, y: at.y - this.box.y, moves } : { ...at, moves };
    this.pictureTarget.setPointerCapture(event.pointerId);
    event.preventDefault();
    this.boxTarget.focus();
  }

  move(event: PointerEvent): void {
    if (!this.grip) return;
    const at = this.point(event);
    if (this.grip.moves) {
      this.put({ ...this.box, x: at.x - this.grip.x, y: at.y - this.grip.y });
      return;
    }
    this.put({
      x: Math.min(at.x, this.grip.x),
      y: Math.min(at.y, this.grip.y),
      width: Math.abs(at.x - this.grip.x),
      height: Math.abs(at.y - this.grip.y),
    });
  }

  up(): void {
    this.grip = null;
  }

  key(event: KeyboardEvent): void {
    const step = (event.shiftKey ? 5 : 1) * STEP;
    const [dx, dy] = [step * this.widthValue, step * this.heightValue];
    const box = this.box;
    const moved: Record<string, Partial<Box>> = {
      ArrowLeft: { x: box.x - dx },
      ArrowRight: { x: box.x + dx },
      ArrowUp: { y: box.y - dy },
      ArrowDown: { y: box.y + dy },
      "+": grown(box, 1 + step),
      "=": grown(box, 1 + step),
      "-": grown(box, 1 - step),
    };
    const change = moved[event.key];
    if (!change) return;
    event.preventDefault();
    this.put({ ...box, ...change });
  }

  private get box(): Box {
    const read = (name: string) => Number(this.boxTarget.getAttribute(name));
    return { x: read("x"), y: read("y"), width: read("width"), height: read("height") };
  }

  private put(box: Box): void {
    const [w, h] = [this.widthValue, this.heightValue];
    const width = Math.min(w, Math.max(box.width, w * LEAST));
    const height = Math.min(h, Math.max(box.height, h * LEAST));
    const x = Math.min(w - width, Math.max(0, box.x));
    const y = Math.min(h - height, Math.max(0, box.y));
    for (const [name, value] of Object.entries({ x, y, width, height })) {
      this.boxTarget.setAttribute(name, value.toFixed(1));
    }
    this.veilTarget.setAttribute(
      "d",
      `M0 0H${w}V${h}H0Z M${x} ${y}V${y + height}H${x + width}V${y}Z`,
    );
    const shares: Record<string, number> = { x: x / w, y: y / h, width: width / w, height: height / h };
    for (const field of this.valueTargets) field.value = (shares[field.name] ?? 0).toFixed(5);
  }

  /** Where the pointer is in pixels of the picture; the drawing may stand in a wider frame. */
  private point(event: PointerEvent): { x: number; y: number } {
    const drawn = this.pictureTarget.getScreenCTM()?.inverse();
    if (!drawn) return { x: 0, y: 0 };
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawn);
    return { x: at.x, y: at.y };
  }
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The box around the same middle. */
function grown(box: Box, by: number): Box {
  const [width, height] = [box.width * by, box.height * by];
  return { x: box.x - (width - box.width) / 2, y: box.y - (height - box.height) / 2, width, height };
}
