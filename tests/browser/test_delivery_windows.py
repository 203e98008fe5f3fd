"""The slots of the chart, their sums and their headline, asked directly: they know no page and no network."""

from playwright.sync_api import Page

from tests.browser.asking import asking

LOAD = """
const {slotsOf, sumsOf, deliveryHeadline, slotText} = await import("/static/page/delivery_windows.js");
const {percent} = await import("/static/page/format.js");
const rules = {tracked: true, windowSeconds: 10, graceSeconds: 5, threshold: 1, thresholds: {}};
const at = 1_000_000_000;
// So many seconds ago.
const window = (ago, expected, received, late = false) => ({
  start: new Date(at - ago * 1000).toISOString(), events: expected, failed: 0, expected, received,
  missed: expected - received, late,
});
const headline = (windows, more = {}) =>
  deliveryHeadline({slots: slotsOf(windows, rules, at), rules, topic: "create-user", waiting: [], at, ...more});
"""

evaluate = asking(LOAD)


def test_there_is_a_slot_for_each_window_whether_or_not_something_was_published(modules: Page) -> None:
    slots = evaluate(modules, "return slotsOf([window(30, 4, 3, true), window(290, 2, 2)], rules, at)")

    assert len(slots) == 30
    assert [(number, slot["rate"]) for number, slot in enumerate(slots) if slot["rate"] is not None] == [
        (0, 1),
        (26, 0.75),
    ]
    assert [number for number, slot in enumerate(slots) if slot["late"]] == [26]


def test_a_window_is_open_until_its_grace_is_over(modules: Page) -> None:
    states = evaluate(modules, "return slotsOf([], rules, at + 4000).map(({state}) => state)")

    assert states == [*["empty"] * 28, "open", "open"]


def test_windows_beyond_the_chart_are_left_out(modules: Page) -> None:
    assert evaluate(modules, "return sumsOf(slotsOf([window(300, 2, 1), window(-20, 2, 1)], rules, at)).expected") == 0


def test_sums_of_nothing_have_no_rate(modules: Page) -> None:
    sums = evaluate(modules, "return sumsOf(slotsOf([], rules, at))")

    assert (sums["expected"], sums["missed"], sums["rate"]) == (0, 0, None)


def test_sums(modules: Page) -> None:
    sums = evaluate(modules, "return sumsOf(slotsOf([window(30, 4, 3, true), window(40, 4, 4)], rules, at))")

    assert (sums["expected"], sums["received"], sums["missed"], sums["rate"], sums["late"]) == (8, 7, 1, 0.875, 1)


def test_the_headline_is_the_newest_window_in_which_something_was_expected(modules: Page) -> None:
    titles = evaluate(
        modules,
        """
        return [[], [window(30, 4, 4), window(60, 2, 0)], [window(30, 3, 2)], [window(30, 0, 0), window(50, 2, 2)]]
          .map((windows) => headline(windows).title)
        """,
    )

    assert titles == ["Nothing published lately", "100 % received", "Only 66.6 % received", "100 % received"]


def test_a_rate_is_good_from_its_threshold_on(modules: Page) -> None:
    good = evaluate(
        modules,
        """
        const lenient = {...rules, thresholds: {"create-user": 0.5}};
        return [window(30, 2, 1), window(30, 3, 1)].map((one) => headline([one], {rules: lenient}).good);
        """,
    )

    assert good == [True, False]


def test_what_is_on_its_way_is_said(modules: Page) -> None:
    said = evaluate(
        modules,
        """
        return [headline([], {waiting: [at]}), headline([], {waiting: [at - 9000, at - 20_000]}),
          headline([], {rules: {...rules, tracked: false}})].map(({title, subline}) => `${title}: ${subline}`);
        """,
    )

    assert said == [
        "Not counted yet: 1 user is counted in 15 s.",
        "Not counted yet: 2 users are counted in 5 s.",
        "Nothing is tracked: DELIVERY_TRACKING=0 has switched it off.",
    ]


def test_what_is_not_all_is_never_shown_as_all(modules: Page) -> None:
    shown = evaluate(modules, "return [1, 0.99999, 0.999, 0.995, 0.29, 0.0001, 0, null].map(percent)")

    assert shown == ["100 %", "99.9 %", "99.9 %", "99.5 %", "29 %", "0 %", "0 %", "\N{EN DASH}"]
