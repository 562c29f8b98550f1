"""A batch is given as soon as its own rows are decoded, whatever its threads have taken up since."""

import threading

from ethnoshard.loading._pipeline import Begun, Job, Pipeline


def test_what_a_thread_decodes_itself_is_done_before_it_takes_the_next_slice() -> None:
    released = threading.Event()

    def begin(item: str, rows: range) -> Begun:
        if item == "second":
            assert released.wait(60)
        return []

    jobs = iter([Job("first", [range(4)]), Job("second", [range(4)])])
    pipeline = Pipeline(jobs, [lambda: (begin, lambda item, failed: None)], ahead=2)
    batches = iter(pipeline)
    assert next(batches) == "first"
    assert not released.is_set()
    released.set()
    assert next(batches) == "second"
    pipeline.close()
