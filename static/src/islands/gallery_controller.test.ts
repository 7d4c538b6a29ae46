import { beforeEach, expect, test, vi } from "vitest";
import { one, page, press, settled } from "../test/stimulus";
import GalleryController from "./gallery_controller";
import GalleryOpenController from "./gallery_open_controller";

const WIDTH = 400;
const decode = vi.fn(async () => undefined);

beforeEach(async () => {
  decode.mockClear();
  vi.stubGlobal("Image", class { src = ""; decode = decode; });
  await page(
    `<button id="open" data-controller="gallery-open" data-action="gallery-open#open"></button>
    <i data-large="/1.webp" data-full="/1.full" data-name="Tart" data-alt="A tart" data-width="1600" data-height="1200"></i>
    <i data-large="" data-name="A document"></i>
    <i data-large="/2.webp" data-stream="/2.mp4" data-name="Clip" data-alt=""></i>
    <i data-large="/3.webp" data-full="/3.full" data-name="Cake" data-alt="A cake" data-width="800" data-height="800"></i>
    <dialog id="gallery" data-controller="gallery" data-action="keydown->gallery#key">
      <div id="strip" tabindex="0" data-gallery-target="strip" data-action="scroll->gallery#moved"></div>
      <p id="words" data-gallery-target="words"></p>
      <button id="back" data-action="gallery#back"></button><button id="forth" data-action="gallery#forth"></button>
      <button id="close" data-action="gallery#close"></button>
    </dialog>`,
    { gallery: GalleryController, "gallery-open": GalleryOpenController },
  );
  const strip = one("#strip");
  Object.defineProperty(strip, "clientWidth", { value: WIDTH });
  strip.scrollTo = vi.fn((to: ScrollToOptions) => {
    strip.scrollLeft = to.left ?? 0;
  }) as typeof window.scrollTo;
  one("#open").click();
  await settled();
});

test("it opens on what can be seen, each with its words, and takes the focus", () => {
  expect(one<HTMLDialogElement>("#gallery").open).toBe(true);
  expect(document.activeElement).toBe(one("#strip"));
  expect(document.querySelectorAll(".gallery-slide")).toHaveLength(3);
  expect(one<HTMLImageElement>(".gallery-slide img").alt).toBe("A tart");
  expect(one<HTMLImageElement>(".gallery-slide img").loading).toBe("lazy");
  expect(one("video").getAttribute("aria-label")).toBe("Clip");
  expect(one("#words").textContent).toBe("1 of 3: Tart");
});

test("arrow keys turn it and stop at the ends; a video keeps its own", () => {
  press(one("#strip"), "ArrowLeft");
  expect(one("#words").textContent).toBe("1 of 3: Tart");
  expect(press(one("#strip"), "ArrowRight").defaultPrevented).toBe(true);
  expect(one("#strip").scrollLeft).toBe(WIDTH);
  expect(one("#words").textContent).toBe("2 of 3: Clip");
  expect(press(one("video"), "ArrowRight").defaultPrevented).toBe(false);
  expect(one("#words").textContent).toBe("2 of 3: Clip");
  press(one("#strip"), "ArrowRight");
  press(one("#strip"), "ArrowRight");
  expect(one("#words").textContent).toBe("3 of 3: Cake");
});

test("a swipe arrives where it ends and pauses the video that it leaves", () => {
  const pause = vi.fn();
  one<HTMLVideoElement>("video").pause = pause;
  one("#strip").scrollLeft = WIDTH * 2;
  one("#strip").dispatchEvent(new Event("scroll"));
  expect(one("#words").textContent).toBe("3 of 3: Cake");
  expect(pause).toHaveBeenCalledTimes(1);
  one("#strip").dispatchEvent(new Event("scroll"));
  expect(pause).toHaveBeenCalledTimes(1);
});

test("only the picture in sight is loaded in full, once", async () => {
  await vi.waitFor(() => expect(one<HTMLImageElement>(".gallery-slide img").src).toContain("/1.full"));
  expect(decode).toHaveBeenCalledTimes(1);
  const last = document.querySelectorAll<HTMLImageElement>(".gallery-slide img")[1]!;
  expect(last.src).toContain("/3.webp");
  one("#forth").click();
  one("#back").click();
  await settled();
  expect(decode).toHaveBeenCalledTimes(1);
});

test("closing leaves nothing playing or loaded behind", () => {
  one("#close").click();
  expect(one<HTMLDialogElement>("#gallery").open).toBe(false);
  expect(one("#strip").childElementCount).toBe(0);
});
