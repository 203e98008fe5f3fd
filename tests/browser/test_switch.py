"""The switch of a desk and the patience of its watch, asked directly: they know no page and no network."""

from playwright.sync_api import Page

from tests.browser.asking import asking

LOAD = """
const {Switch} = await import("/static/page/switch.js");
const {PatientWatch} = await import("/static/page/patient_watch.js");
const {Problem} = await import("/static/page/problem.js");
const done = async () => {};
// A promise, and what ends it.
const held = () => { let end; const until = new Promise((resolve) => { end = resolve; }); return {until, end}; };
"""

evaluate = asking(LOAD)


def test_a_switch_shows_what_was_read(modules: Page) -> None:
    value = evaluate(modules, "const it = new Switch(); it.reading()('fail'); return it.value")

    assert value == "fail"


def test_what_was_read_before_the_switch_was_set_is_not_shown(modules: Page) -> None:
    value = evaluate(
        modules,
        "const it = new Switch(); const take = it.reading(); await it.set('fail', done); take('ok'); return it.value",
    )

    assert value == "fail"


def test_what_is_read_while_the_switch_is_being_set_is_not_shown(modules: Page) -> None:
    values = evaluate(
        modules,
        """
        const it = new Switch(), write = held(), setting = it.set('fail', () => write.until);
        it.reading()('ok');
        const meanwhile = it.value;
        write.end(); await setting;
        it.reading()('slow');
        return [meanwhile, it.value];
        """,
    )

    assert values == [None, "slow"]


def test_a_switch_that_could_not_be_set_shows_what_it_was(modules: Page) -> None:
    outcome = evaluate(
        modules,
        """
        const it = new Switch();
        it.reading()('ok');
        const error = await it.set('fail', async () => { throw new Error('away'); }).catch(({message}) => message);
        return [error, it.value];
        """,
    )

    assert outcome == ["away", "ok"]


def test_a_watch_waits_longer_with_each_failure_and_no_longer_than_it_may(modules: Page) -> None:
    looks = evaluate(
        modules,
        """
        const waits = [], troubles = [], ended = held(), answers = [true, false, false, false, false, true];
        const wait = window.setTimeout;
        window.setTimeout = (act, milliseconds) => { waits.push(milliseconds); return wait(act, 0); };
        const watch = new PatientWatch({
          look: async () => { if (!answers.shift()) throw new Problem({title: "away"}); },
          looked: () => {
            troubles.push(watch.trouble !== null);
            if (answers.length === 0) { watch.stop(); ended.end(); }
          },
          pace: () => 7, quiet: 101, slowest: 353,
        });
        watch.start();
        await ended.until;
        window.setTimeout = wait;
        // The page around sets timers of its own.
        return [waits.filter((one) => [7, 101, 202, 353].includes(one)), troubles];
        """,
    )

    assert looks == [[7, 101, 202, 353, 353], [False, True, True, True, True, False]]
