"""The state machine of a run and its neighbours, asked directly: they know no page and no network."""

import pytest
from playwright.sync_api import Page

from tests.browser.asking import asking

LOAD = """
const {Run, Phase} = await import("/static/page/run.js");
const users = (count) => Array.from({length: count}, (_, index) => ({email: `${index}@example.com`}));
const sending = (count) => {
  const run = Run.begun({count, seed: "s", source: "sample", mode: "single", parallel: 6});
  run.fetched({seed: "s", users: users(count)}, 1000);
  return run;
};
const accept = (run, index, at) => {
  run.began([index]);
  run.answered({indices: [index], accepted: 1, replayed: 0, appId: "instance-1", latency: 5}, at);
};
const rows = (total, synchronized) => [{appId: "instance-1", total, synchronized}];
"""

evaluate = asking(LOAD)


def test_a_run_is_finished_when_everyone_accepted_is_synchronised(modules: Page) -> None:
    phases = evaluate(
        modules,
        """
        const run = sending(2);
        accept(run, 0, 1010); accept(run, 1, 1020);
        const seen = [run.phase];
        run.sent(1030); seen.push(run.phase);
        run.observed(rows(2, 1), 1040, 1050); seen.push(run.phase);
        run.observed(rows(2, 2), 1060, 1070); seen.push(run.phase);
        return [...seen, run.elapsed(9999)];
        """,
    )

    assert phases == ["sending", "settling", "settling", "finished", 70]


def test_an_answer_from_before_the_last_user_was_sent_ends_nothing(modules: Page) -> None:
    # The seed holds ten users of an earlier run, all synchronised.
    phases = evaluate(
        modules,
        """
        const run = sending(1);
        accept(run, 0, 1010);
        run.sent(1020);
        run.observed(rows(10, 10), 1015, 1030);
        const before = run.phase;
        run.observed(rows(11, 10), 1040, 1050);
        return [before, run.phase, run.crossing];
        """,
    )

    assert phases == ["settling", "settling", 1]


def test_a_run_in_which_everyone_failed_waits_for_nothing(modules: Page) -> None:
    state = evaluate(
        modules,
        """
        const run = sending(2);
        run.began([0, 1]);
        run.failed([0, 1], {status: 503, title: "Unavailable"});
        run.sent(1100);
        return [run.phase, run.retryable, run.unsent, run.underWay];
        """,
    )

    assert state == ["finished", True, 0, 0]


def test_a_retry_takes_the_failed_ones_in_order_and_leaves_the_pause_out(modules: Page) -> None:
    state = evaluate(
        modules,
        """
        const run = sending(3);
        run.began([2]); run.failed([2], {status: 503, title: "Unavailable"});
        run.began([0]); run.failed([0], {status: 503, title: "Unavailable"});
        accept(run, 1, 1010);
        run.sent(1100);
        run.observed(rows(1, 1), 1110, 1200);
        const indices = run.retry(60000);
        return [indices, run.phase, run.failures.size, run.elapsed(60050)];
        """,
    )

    assert state == [[0, 2], "sending", 0, 250]


def test_cancelling_while_sending_still_waits_for_those_accepted(modules: Page) -> None:
    state = evaluate(
        modules,
        """
        const run = sending(3);
        accept(run, 0, 1010);
        run.cancel(1020); run.sent(1030);
        const before = run.phase;
        run.observed(rows(1, 1), 1040, 1050);
        return [before, run.phase, run.cancelled, run.unsent];
        """,
    )

    assert state == ["settling", "finished", True, 2]


def test_a_step_that_does_not_exist_is_an_error(modules: Page) -> None:
    message = evaluate(modules, "try { new Run().retry(0); } catch (error) { return error.message; }")

    assert message == "A run cannot go from idle to sending."


def test_the_pool_keeps_to_its_width_and_stops_when_told(modules: Page) -> None:
    state = evaluate(
        modules,
        """
        const {drain} = await import("/static/page/pool.js");
        const abort = new AbortController();
        let running = 0, most = 0;
        const begun = [];
        await drain([0, 1, 2, 3, 4, 5, 6, 7], 3, async (job) => {
          begun.push(job);
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 1));
          if (job === 4) abort.abort();
          running -= 1;
        }, abort.signal);
        return [most, running, begun.length < 8, begun.every((job, index) => job === index)];
        """,
    )

    assert state == [3, 0, True, True]


def test_a_timeline_stays_bounded_and_keeps_its_ends(modules: Page) -> None:
    state = evaluate(
        modules,
        """
        const {Timeline} = await import("/static/page/timeline.js");
        const line = new Timeline();
        for (let at = 0; at <= 600_000; at += 7) line.mark(at, at, at / 2);
        const times = line.points.map((point) => point.at);
        return [times.length <= 241, times[0], times.at(-1), times.every((at, i) => i === 0 || at > times[i - 1])];
        """,
    )

    assert state == [True, 0, 599_998 - 599_998 % 7, True]


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [(0, "0.0 ms"), (9.94, "9.9 ms"), (9.96, "10 ms"), (999.4, "999 ms"), (1500, "1.5 s"), (72_400, "1 min 12 s")],
)
def test_durations_are_written_for_people(modules: Page, milliseconds: float, written: str) -> None:
    code = f"return (await import('/static/page/format.js')).duration({milliseconds});"

    assert evaluate(modules, code) == written


def test_the_newest_users_are_created_until_their_document_is_there(modules: Page) -> None:
    newest = evaluate(
        modules,
        """
        const {newestOf} = await import("/static/page/newest.js");
        const at = (ms) => new Date(1e12 + ms).toISOString();
        const accepted = [3, 2, 1].map((n) => ({id: `id-${n}`, user: {}, appId: "instance-1", createdAt: at(n)}));
        const documents = [1].map((n) => ({id: `id-${n}`, createdAt: at(n), synchronizedAt: at(n + 12),
          currentStatus: "SYNCHRONIZED", appId: "instance-1"}));
        return newestOf(accepted, documents).map(({id, status, crossing}) => [id, status, crossing]);
        """,
    )

    assert newest == [["id-3", "CREATED", None], ["id-2", "CREATED", None], ["id-1", "SYNCHRONIZED", 12]]
