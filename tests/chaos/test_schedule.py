from chaos.faults import INJECT
from chaos.schedule import KINDS, schedule


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    assert schedule(7, 600, 550) == schedule(7, 600, 550)
    assert schedule(7, 600, 550) != schedule(8, 600, 550)


def test_ten_minutes_hold_five_hundred_faults_of_every_kind_in_order_and_in_time() -> None:
    faults = schedule(1, 600, 550)
    assert len(faults) >= 500
    assert {fault.kind for fault in faults} == set(KINDS)
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert all(fault.at + fault.seconds <= 600 for fault in faults)


def test_no_target_is_under_two_faults_at_once() -> None:
    ends: dict[str, float] = {}
    for fault in schedule(3, 120, 110):
        assert ends.get(fault.target, 0.0) <= fault.at
        ends[fault.target] = fault.at + fault.seconds


def test_every_kind_of_fault_can_be_done_and_is_planned() -> None:
    assert set(INJECT) == set(KINDS)
