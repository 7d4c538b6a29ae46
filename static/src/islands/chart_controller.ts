import { Controller } from "@hotwired/stimulus";
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { token } from "../lib/colour";

use([LineChart, BarChart, GridComponent, TooltipComponent, CanvasRenderer]);

export interface ChartData {
  kind?: "line" | "bar";
  stacked?: boolean;
  /** One label for each point, in reading order */
  labels: string[];
  /** Values are numbers, or null where nothing was measured */
  series: { name: string; values: (number | null)[] }[];
}

/** Colours, lines and type of the theme, as ECharts wants them. */
export function chartOption(data: ChartData, colour: (name: string) => string): Record<string, unknown> {
  const muted = colour("--candy-muted");
  const line = colour("--candy-line");
  const text = colour("--candy-text");
  const kind = data.kind ?? "line";
  const many = data.series.length > 1;
  return {
    animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200,
    color: [1, 2, 3, 4, 5, 6].map((number) => colour(`--candy-chart-${number}`)),
    textStyle: { fontFamily: "Inter Variable, Inter fallback, sans-serif", color: muted },
    grid: { left: 4, right: kind === "bar" ? 8 : many ? 96 : 28, top: 16, bottom: 4, containLabel: true },
    tooltip: {
      trigger: "axis",
      confine: true,
      backgroundColor: colour("--candy-raised"),
      borderColor: line,
      textStyle: { color: text, fontSize: 13 },
      axisPointer: { lineStyle: { color: colour("--candy-line-strong") } },
    },
    xAxis: {
      type: "category",
      data: data.labels,
      boundaryGap: kind === "bar",
      axisLine: { lineStyle: { color: line } },
      axisTick: { show: false },
      axisLabel: { color: muted, fontSize: 12, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      minInterval: 1,
      splitLine: { lineStyle: { color: line } },
      axisLabel: { color: muted, fontSize: 12 },
    },
    series: data.series.map((each) => ({
      name: each.name,
      type: kind,
      data: each.values,
      stack: data.stacked ? "all" : undefined,
      smooth: false,
      symbol: "circle",
      symbolSize: 6,
      showSymbol: each.values.length < 15,
      barMaxWidth: 28,
      itemStyle: kind === "bar" ? { borderRadius: data.stacked ? 0 : [4, 4, 0, 0] } : undefined,
      // A name at the end of its line is read before any legend.
      endLabel: many && kind === "line" ? { show: true, formatter: "{a}", color: text, fontSize: 12 } : undefined,
      labelLayout: { moveOverlap: "shiftY" },
    })),
  };
}

/**
 * A chart in the theme: `data-controller="chart" data-chart-source-value="id-of-json-script"`. The box
 * has its height from a class, so nothing moves when the chart arrives; a table of the same numbers
 * stands beside it for readers.
 */
export default class ChartController extends Controller<HTMLElement> {
  static targets = ["canvas"];
  static values = { source: String };
  declare readonly canvasTarget: HTMLElement;
  declare readonly sourceValue: string;
  private chart: EChartsType | null = null;
  private sizes: ResizeObserver | null = null;
  private readonly scheme = matchMedia("(prefers-color-scheme: dark)");

  connect(): void {
    this.chart = init(this.canvasTarget);
    this.draw();
    this.sizes = new ResizeObserver(() => this.chart?.resize());
    this.sizes.observe(this.canvasTarget);
    document.addEventListener("candy:theme", this.draw);
    this.scheme.addEventListener("change", this.draw);
  }

  disconnect(): void {
    document.removeEventListener("candy:theme", this.draw);
    this.scheme.removeEventListener("change", this.draw);
    this.sizes?.disconnect();
    this.chart?.dispose();
    this.chart = null;
  }

  readonly draw = (): void => {
    const source = document.getElementById(this.sourceValue)?.textContent;
    if (!source || !this.chart) return;
    this.chart.setOption(chartOption(JSON.parse(source) as ChartData, (name) => token(name)), true);
    this.element.dataset.ready = "";
  };
}
