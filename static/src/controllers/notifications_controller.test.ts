import { expect, it } from "vitest";
import { one, page, settled } from "../test/stimulus";
import NotificationsController from "./notifications_controller";

it("puts the number of unread ones into the tab's title, once", async () => {
  document.title = "Home · Candy";
  await page(`<i id="bell" data-controller="notifications" data-notifications-unread-value="2"></i>`, {
    notifications: NotificationsController,
  });
  expect(document.title).toBe("(2) Home · Candy");
  one("#bell").dataset.notificationsUnreadValue = "3";
  await settled();
  expect(document.title).toBe("(3) Home · Candy");
});
