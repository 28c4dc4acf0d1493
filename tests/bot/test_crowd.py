"""Writers give way while callbacks crowd in, one at a time, and never for ever."""

import threading
import time

from bot.crowd import CROWD, GIVE_WAY_S, Crowd


def test_a_single_callback_is_no_crowd() -> None:
    crowd = Crowd()
    crowd.note(CROWD - 1)
    assert not crowd.is_here()


def test_a_crowd_is_gone_soon_after_the_last_callbacks() -> None:
    crowd = Crowd()
    crowd.note(CROWD)
    assert crowd.is_here()
    crowd.give_way()
    assert not crowd.is_here()


def test_a_writer_goes_on_though_the_crowd_does_not_end() -> None:
    crowd, stop = Crowd(), threading.Event()

    def come() -> None:
        while not stop.is_set():
            crowd.note(CROWD)
            time.sleep(0.001)

    coming = threading.Thread(target=come)
    coming.start()
    while not crowd.is_here():
        time.sleep(0.001)
    started = time.monotonic()
    crowd.give_way()
    waited_s = time.monotonic() - started
    stop.set()
    coming.join()
    assert waited_s >= GIVE_WAY_S * 0.5
