import { Application, Controller } from "@hotwired/stimulus";
import { expect, it, vi } from "vitest";
import { settled } from "../test/stimulus";
import { identifierOf, loadOnDemand } from "./stimulus";

it("names a controller after its file", () => {
  expect(identifierOf("../controllers/relative_time_controller.ts")).toBe("relative-time");
});

it("fetches an island once, when an element first asks for it", async () => {
  const connected = vi.fn();
  class Island extends Controller {
    connect(): void {
      connected();
    }
  }
  const load = vi.fn(async () => ({ default: Island }));
  const application = Application.start();
  const observer = loadOnDemand(application, new Map([["chart", load]]));
  await settled();
  expect(load).not.toHaveBeenCalled();
  document.body.innerHTML = '<div data-controller="other chart"></div><p data-controller="chart"></p>';
  await vi.waitFor(() => expect(connected).toHaveBeenCalledTimes(2));
  expect(load).toHaveBeenCalledOnce();
  observer.disconnect();
  application.stop();
});
