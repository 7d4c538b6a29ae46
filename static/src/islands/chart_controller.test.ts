import { expect, it } from "vitest";
import { chartOption } from "./chart_controller";

const colour = (name: string) => `rgb(${name})`;

it("takes every colour from the theme", () => {
  const option = chartOption({ labels: ["Mon"], series: [{ name: "Likes", values: [1] }] }, colour);
  expect(option.color).toContain("rgb(--candy-chart-1)");
  expect(JSON.stringify(option)).not.toMatch(/#[0-9a-f]{6}/i);
});

it("labels lines at their end where there are several, and keeps gaps", () => {
  const several = chartOption(
    { labels: ["Mon", "Tue"], series: [{ name: "Likes", values: [1, null] }, { name: "Replies", values: [2, 3] }] },
    colour,
  );
  const [first] = several.series as { endLabel?: { show: boolean }; data: unknown[] }[];
  expect(first?.endLabel?.show).toBe(true);
  expect(first?.data).toEqual([1, null]);
});
