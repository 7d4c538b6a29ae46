import { beforeEach, expect, test, vi } from "vitest";
import { one, page } from "../test/stimulus";
import CarouselController from "./carousel_controller";

const WIDTH = 320;

beforeEach(async () => {
  await page(
    `<div data-controller="carousel">
      <div id="strip" tabindex="0" data-carousel-target="strip" data-action="scroll->carousel#moved">
        ${["a", "b", "c"].map((key) => `<div id="${key}" data-carousel-target="slide"></div>`).join("")}
      </div>
      <button id="back" data-carousel-target="back" data-action="carousel#back" disabled></button>
      <button id="forth" data-carousel-target="forth" data-action="carousel#forth"></button>
      <span id="count" data-carousel-target="count">1/3</span>
    </div>`,
    { carousel: CarouselController },
  );
  Object.defineProperty(one("#strip"), "clientWidth", { value: WIDTH });
  one("#strip").scrollTo = vi.fn((to: ScrollToOptions) => scrolled(to.left ?? 0)) as typeof window.scrollTo;
});

/** What a finger, the arrow keys or a button do to the strip; browsers then say that it moved. */
function scrolled(left: number): void {
  one("#strip").scrollLeft = left;
  one("#strip").dispatchEvent(new Event("scroll"));
}

const state = () => [
  one("#count").textContent,
  one<HTMLButtonElement>("#back").disabled,
  one<HTMLButtonElement>("#forth").disabled,
];

test("a swipe counts the picture that most of the strip shows", () => {
  scrolled(WIDTH * 0.4);
  expect(state()).toEqual(["1/3", true, false]);
  scrolled(WIDTH * 0.6);
  expect(state()).toEqual(["2/3", false, false]);
  scrolled(WIDTH * 2);
  expect(state()).toEqual(["3/3", false, true]);
});

test("the buttons turn one picture and stop at the ends", () => {
  one("#forth").click();
  one("#forth").click();
  expect(state()).toEqual(["3/3", false, true]);
  one<HTMLButtonElement>("#forth").disabled = false;
  one("#forth").click();
  expect(one("#strip").scrollLeft).toBe(WIDTH * 2);
  one("#back").click();
  expect(state()).toEqual(["2/3", false, false]);
});
