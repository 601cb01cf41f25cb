"""Frame and panels that all dashboards share.

A panel cannot be made without a unit and a description. Thresholds are `(from, colour)` pairs
above a base colour.
"""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders import common, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    FieldColor,
    QueryVariable,
    Row,
    ThresholdsConfig,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    ScaleDistribution,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

TAG = "magwatch"
DATASOURCE_UID = "magwatch-prometheus"  # of provisioning/datasources
SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
YES_NO = {"0": "no", "1": "yes"}
STATIONS = "label_values(magwatch_station_calibrated, station)"
PanelBuilder = Builder[models.Panel]
Limits = tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query and the legend of its series."""

    expr: str
    legend: str = ""
    dashed: str | None = None  # colour of a dashed line, for a reference


def frame(name: str, title: str, about: str, tags: tuple[str, ...] = (TAG,)) -> Dashboard:
    """An empty dashboard with uid `magwatch-NAME`, links to all others and the data source."""
    provisioned = models.VariableOption(text="Prometheus", value=DATASOURCE_UID)
    source = DatasourceVariable("datasource").type("prometheus").label("data source")
    source.current(provisioned)
    return (
        Dashboard(title)
        .uid(f"magwatch-{name}")
        .description(about)
        .tags(list(tags))
        .readonly()
        .time("now-6h", "now")
        .refresh("30s")
        .timezone("utc")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(source)
        .link(_dashboards())
        .link(_runbook())
    )


def filled(board: Dashboard, sections: dict[str, list[PanelBuilder]]) -> Dashboard:
    """A dashboard with a row for each section, its panels from left to right."""
    for title, panels in sections.items():
        board.with_row(Row(title))
        for panel in panels:
            board.with_panel(panel)
    return board


def station_variable(*, several: bool) -> QueryVariable:
    """Variable to choose one or several stations that Prometheus knows."""
    variable = (
        QueryVariable("station")
        .label("station")
        .datasource(SOURCE)
        .query({"query": STATIONS, "refId": "stations"})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    return variable.multi(True).include_all(True).all_value(".*") if several else variable


def _dashboards() -> DashboardLink:
    link = DashboardLink("dashboards").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.keep_time(True).include_vars(True)


def _runbook() -> DashboardLink:
    link = DashboardLink("runbook").type(models.DashboardLinkType.LINK).icon("doc")
    return link.url("/d/magwatch-runbook").tooltip("What to do about it")


def number(
    title: str,
    about: str,
    unit: str,
    query: Query,
    *,
    limits: Limits = (),
    base: str = "green",
    names: dict[str, str] | None = None,
    width: int = 4,
) -> stat.Panel:
    """Panel of one present number, coloured by its limits; `names` maps values to texts."""
    panel = (
        stat.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .thresholds(_thresholds(limits, base))
        .color_mode(BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.NONE)
        .no_value("no data")
        .with_target(_target(query, 0, instant=True))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .height(4)
        .span(width)
    )
    return panel.mappings([_names(names)]) if names else panel


def series(
    title: str,
    about: str,
    unit: str,
    *queries: Query,
    limits: Limits = (),
    log: bool = False,
    stacked: bool = False,
    top: float | None = None,
    width: int = 12,
) -> timeseries.Panel:
    """Panel of values over time; `stacked` counts become bars."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .thresholds(_thresholds(limits, "transparent" if limits else "green"))
        .fill_opacity(60 if stacked else 5)
        .show_points(VisibilityMode.NEVER)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .height(8)
        .span(width)
    )
    if limits:
        style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        panel.thresholds_style(style)
    if top is not None:
        panel.max(top)
    _scaled(panel, log=log, stacked=stacked)
    for index, query in enumerate(queries):
        panel.with_target(_target(query, index))
        if query.dashed:
            name, labels, _ = query.legend.partition(" {{")
            override = panel.override_by_regexp if labels else panel.override_by_name
            override(f"/^{name}( |$)/" if labels else name, _dashed(query.dashed))
    return panel


def _scaled(panel: timeseries.Panel, *, log: bool, stacked: bool) -> None:
    if log:
        scale = common.ScaleDistributionConfig().type(ScaleDistribution.LOG).log(10)
        panel.scale_distribution(scale)
    else:
        panel.axis_soft_min(0)
    if stacked:
        panel.draw_style(GraphDrawStyle.BARS)
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))


def states(
    title: str,
    about: str,
    query: Query,
    names: dict[str, str],
    limits: Limits,
    *,
    width: int = 24,
) -> statetimeline.Panel:
    """Panel of the state of each series over time."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit("none")
        .mappings([_names(names)])
        .color_scheme(FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .thresholds(_thresholds(limits, "green"))
        .merge_values(True)
        .show_value(VisibilityMode.NEVER)
        .legend(_legend())
        .with_target(_target(query, 0))
        .height(8)
        .span(width)
    )


def table_target(query: Query, index: int) -> prometheus.Dataquery:
    """A query for a table: its last value, one row for each series."""
    return _target(query, index, instant=True).format(PromQueryFormat.TABLE)


def _target(query: Query, index: int, *, instant: bool = False) -> prometheus.Dataquery:
    target = (
        prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + index)).datasource(SOURCE)
    )
    if query.legend:
        target.legend_format(query.legend)
    return target.instant() if instant else target.range()


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST)
    return legend.placement(LegendPlacement.BOTTOM).show_legend(True)


def _dashed(colour: str) -> list[models.DynamicConfigValue]:
    return [
        models.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}),
        models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour}),
        models.DynamicConfigValue("custom.fillOpacity", 0),
    ]


def _thresholds(limits: Limits, base: str) -> ThresholdsConfig:
    steps = [models.Threshold(None, base), *(models.Threshold(*limit) for limit in limits)]
    return ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def beyond(least: float, text: str) -> models.RangeMap:
    """Override that shows `text` for any value from `least` on."""
    words = models.ValueMappingResult(text=text, index=0)
    return models.RangeMap(options=models.DashboardRangeMapOptions(from_val=least, result=words))


def _names(names: dict[str, str]) -> models.ValueMap:
    results = {
        value: models.ValueMappingResult(text=text, index=index)
        for index, (value, text) in enumerate(names.items())
    }
    return models.ValueMap(options=results)
